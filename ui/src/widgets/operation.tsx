/* What an operation does, drawn from typed data only: effects, risks, rows of the history. */
import type { ComponentChildren } from 'preact';
import type { Effect, Fee, Operation, Risk, Row } from '../api/generated';
import { groupsOf } from '../format/address';
import { clean } from '../format/clean';
import { moment } from '../format/time';
import { now } from '../store/store';
import type { LateKind } from '../text/en';
import { sayRisk, settingTexts, T } from '../text';
import { Address, partyName } from './address';
import { Icon, LevelIcon, type IconName } from './basic';
import { amountText, Figure, GradeBadge } from './figure';
import { KeyValue } from './form';

function effectLine(effect: Effect): { icon: IconName; sign: string; words: ComponentChildren; tone: string } {
  const t = T();
  switch (effect.kind) {
    case 'leaves': return { icon: 'arrow-up-right', sign: '−', words: <>{t.approve.leaves(partyName(effect.from))}, {effect.to.name ? t.approve.goesTo(partyName(effect.to)) : <Address value={effect.to.address} />}</>, tone: 'out' };
    case 'arrives': return { icon: 'arrow-down-left', sign: '+', words: t.approve.arrives(partyName(effect.to)), tone: 'in' };
    case 'permission': return { icon: 'key', sign: '', words: <>{effect.to.name ? null : <Address value={effect.to.address} />} {t.approve.permission(effect.to.name ? partyName(effect.to) : '')}</>, tone: 'danger' };
    case 'account_created': return { icon: 'file-plus', sign: '', words: t.approve.created, tone: '' };
    case 'contract_call': return { icon: 'scroll-text', sign: '', words: t.approve.call, tone: '' };
  }
}

export function Effects({ effects, fee, payer, trial }: { effects: Effect[]; fee: Fee; payer: string; trial: Operation['trial'] }) {
  const t = T();
  return (
    <ul class="effects">
      {effects.map((effect, i) => {
        const line = effectLine(effect);
        return (
          <li key={i} class={`effect ${line.tone}`}>
            <Icon name={line.icon} />
            <span class="grow">
              {effect.kind === 'permission' && <span>{line.words} </span>}
              {effect.unlimited ? <strong class="block">{t.approve.unlimited(clean(effect.asset?.symbol ?? '', 12))}</strong> : effect.amount && <strong class="block"><Figure figure={effect.amount} sign={line.sign} full badge={false} /></strong>}
              {effect.kind !== 'permission' && <span>{line.words}</span>}
            </span>
            {effect.amount && <GradeBadge figure={{ ...effect.amount, grade: effect.grade }} trial={trial} />}
          </li>
        );
      })}
      <li class="effect">
        <Icon name="coins" />
        <span class="grow"><span class="block">{t.approve.feeAtMost} <strong><Figure figure={fee.max} full badge={false} /></strong></span><span>{t.approve.paidBy(payer)}</span></span>
        <GradeBadge figure={fee.max} />
      </li>
    </ul>
  );
}

export function RiskLine({ risk, isTicked, onTick }: { risk: Risk; isTicked: boolean; onTick(on: boolean): void }) {
  const t = T();
  const level = t.approve.level[risk.level];
  return (
    <div role="group" aria-label={level} class={`note ${risk.level}`}>
      <LevelIcon level={risk.level} />
      <div class="grow">
        <p><strong>{level}.</strong> {sayRisk(risk) ?? '…'}</p>
        {risk.tick && <label class="tick"><input type="checkbox" checked={isTicked} data-test="tick" onChange={(event) => onTick(event.currentTarget.checked)} />{t.approve.tick}</label>}
      </div>
    </div>
  );
}

export function RiskNote({ risk }: { risk: Risk }) {
  const t = T();
  return <div class={`note ${risk.level}`}><LevelIcon level={risk.level} /><p class="grow"><strong>{t.approve.level[risk.level]}.</strong> {sayRisk(risk) ?? '…'}</p></div>;
}

/** A payment that was noticed by the balance has no known sender. */
export const isNobody = (party: Row['party']): boolean => /^0x0{40}$/.test(party.address);

/** A call of the account to itself: it changes what the account is and moves no money. */
export const isOwnCall = (kind: Row['kind']): boolean => /^(owner|upgrade|threshold|guardians|limit|known|recovery|session|cosigner)_/.test(kind);

export function rowTitle(row: Pick<Row, 'kind' | 'party'>): string {
  const t = T();
  const who = partyName(row.party);
  switch (row.kind) {
    case 'send': return t.activity.sentTo(who);
    case 'receive': return isNobody(row.party) ? t.activity.came : t.activity.cameFrom(who);
    case 'speed_up': return t.activity.speed_up(who);
    case 'call': return t.activity.call;
    case 'batch': return t.activity.batch;
    case 'cancel': return t.activity.cancel;
    case 'faucet': return t.activity.faucet;
    case 'owner_add': case 'owner_remove': case 'owner_apply': case 'owner_veto': return t.owners.rows[row.kind];
    case 'upgrade_begin': case 'upgrade_apply': case 'upgrade_veto': case 'threshold_begin': case 'threshold_apply': case 'threshold_veto': return t.activity.moves[row.kind];
    default: return settingTexts()?.moves[row.kind] ?? '…';
  }
}

const DONE_BADLY = ['failed', 'replaced', 'expired', 'cancelled'];

export function StateChip({ state }: { state: Row['state'] }) {
  const t = T();
  const tone = state === 'final' || state === 'included' ? 'ok' : state === 'failed' ? 'danger' : DONE_BADLY.includes(state) ? 'quiet' : 'info';
  const icon: IconName = tone === 'ok' ? 'circle-check' : tone === 'danger' ? 'circle-x' : tone === 'quiet' ? 'ban' : 'clock';
  return <span class={`chip-state ${tone}`}><Icon name={icon} />{t.activity.states[state]}</span>;
}

export function ActivityRow({ row, position, total }: { row: Row; position: number; total: number }) {
  const t = T();
  const isIn = row.direction === 'in';
  const sign = isIn ? '+' : row.direction === 'out' ? '−' : '';
  const moved = !DONE_BADLY.includes(row.state);
  return (
    <li aria-posinset={position} aria-setsize={total}>
      <a class="row-link" href={row.state === 'prepared' ? `#/approve/${row.id}` : `#/activity/${row.id}`} data-test="activity-row">
        <span class={`row-icon ${isIn ? 'in' : 'out'}`}><Icon name={row.state === 'failed' ? 'circle-x' : isIn ? 'arrow-down-left' : 'arrow-up-right'} /></span>
        <span class="row-main">
          <span class="row-title"><bdi>{rowTitle(row)}</bdi></span>
          <span class="muted"><time dateTime={new Date(row.at_ms).toISOString()}>{moment(row.at_ms, now.value, t)}</time></span>
        </span>
        <span class="row-end">
          <span class={moved ? `tabular amount ${isIn ? 'in' : ''}` : 'tabular amount unmoved'}>{row.kind === 'cancel' || isOwnCall(row.kind) ? '' : `${sign}${amountText(row.amount)}`}</span>
          <StateChip state={row.state} />
        </span>
      </a>
    </li>
  );
}

const isSetting = (kind: Operation['kind']): kind is LateKind => /^(guardians|limit|known|recovery|session|cosigner|carry|owners)_/.test(kind);

/** The kind of an operation in words; those of settings come late. */
export const kindWords = (kind: Operation['kind']): string => (isSetting(kind) ? settingTexts()?.kinds[kind] ?? '…' : T().approve.kinds[kind]);

/** What is asked, in words. An address stands there in full or not at all: short forms are not for where money moves. */
export function whatOf(operation: Operation, withAddress = false): string {
  const t = T();
  if (operation.kind !== 'send' && operation.kind !== 'speed_up') {
    return operation.subject ? t.owners.does[operation.kind as keyof typeof t.owners.does](clean(operation.subject, 40)) : kindWords(operation.kind);
  }
  const amount = amountText(operation.amount, true);
  const { name, address } = operation.to;
  const who = name ? clean(name, 40) : withAddress ? `0x ${groupsOf(address).join(' ')}` : null;
  return who ? t.approve.sendTo(amount, who) : t.approve.sendOnly(amount);
}

export function Exact({ operation }: { operation: Operation }) {
  const t = T();
  const x = operation.exact!;
  const f = t.approve.fields;
  const plain = ['chain_id', 'entry_point', 'sender', 'nonce', 'user_op_hash', 'call_gas_limit', 'verification_gas_limit', 'pre_verification_gas', 'gas_limit', 'signing_hash', 'max_fee_per_gas', 'max_priority_fee_per_gas'] as const;
  return (
    <details class="exact">
      <summary>{t.approve.exact}</summary>
      <KeyValue rows={plain.filter((name) => x[name] !== undefined).map((name) => [f[name], <span class="mono wrap">{String(x[name])}</span>])} />
      {x.calls.map((c, i) => (
        <div key={i} class="call">
          <h3>{f.call(i + 1)}</h3>
          <KeyValue rows={[[t.approve.to, <span class="mono wrap">{c.to}</span>], [f.value, <span class="mono wrap">{c.value}</span>],
            ...(c.function ? [[f.fn, <span class="mono wrap">{clean(c.function, 200)}</span>] as [string, ComponentChildren]] : []), [f.data, <span class="mono wrap">{c.data}</span>]]} />
        </div>
      ))}
    </details>
  );
}
