/* What one passkey may do alone where several must sign: limits, known addresses, and what of them waits. What is signed is said on the
 * approval screen. */
import { useState } from 'preact/hooks';
import type { Account, AccountLimits, Limit, Operation, Setting } from '../../api/generated';
import { parseAmount } from '../../format/amount';
import { clean } from '../../format/clean';
import { due } from '../../format/time';
import { go } from '../../store/go';
import { chainNow, currentNetwork, offers, putOperation } from '../../store/store';
import { command, useAsk, useDoing } from '../../store/use';
import { accountTexts, T } from '../../text';
import { PartyFull } from '../../widgets/address';
import { Button, Card, ErrorPanel, Note } from '../../widgets/basic';
import { amountText, Figure, GradeBadge } from '../../widgets/figure';
import { Select, TextField } from '../../widgets/form';

export interface Own { account_id: string; network_id: string; speed: 'normal' }
export interface Doing { busy: boolean; error: ReturnType<typeof useDoing>['error']; run(make: (own: Own) => Promise<Operation | null>): Promise<void> }

/** Prepares something of the account and shows it for approval. */
export function usePrepare(account: Account): Doing {
  const doing = useDoing();
  const run = async (make: (own: Own) => Promise<Operation | null>): Promise<void> => {
    const network = currentNetwork.value;
    const operation = network && await doing.run(() => make({ account_id: account.id, network_id: network.id, speed: 'normal' }));
    if (operation) {
      putOperation(operation);
      go(`approve/${operation.id}`);
    }
  };
  return { busy: doing.busy, error: doing.error, run };
}

function Row({ limit }: { limit: Limit }) {
  const t = accountTexts.get().limits;
  if (limit.hours === 0) {
    return <li data-test="limit-none">{t.none(clean(limit.asset.symbol, 12))}</li>;
  }
  const left = amountText({ value: limit.left, decimals: limit.asset.decimals, unit: limit.asset.symbol });
  return (
    <li data-test="limit">
      <strong><Figure figure={limit.amount} badge={false} /></strong> {t.within(limit.hours)} <GradeBadge figure={limit.amount} />
      <span class="block muted" data-test="limit-left">{t.left(left)}{limit.ends_ms > chainNow() && ` ${t.ends(due(limit.ends_ms))}`}</span>
    </li>
  );
}

function Waiting({ setting, doing }: { setting: Setting; doing: Doing }) {
  const t = accountTexts.get().limits;
  const ready = setting.ready_ms <= chainNow();
  const what = setting.kind === 'limit' && setting.amount ? t.waitsLimit(amountText(setting.amount, true), setting.hours ?? 0)
    : setting.kind === 'known' && setting.party ? t.waitsKnown(setting.party.name ? clean(setting.party.name, 40) : setting.party.address)
      : t.waitsGuardians(setting.guardians ?? 0);
  const end = (kind: 'apply' | 'veto') => void doing.run((own) => command('setting_prepare', { ...own, what: kind, setting_id: setting.id }));
  return (
    <div data-test="setting">
      <p>{what} {ready ? t.ready : t.waits(due(setting.ready_ms))} {t.stopHelp}</p>
      <div class="row">
        <Button small icon="shield-check" kind="primary" busy={doing.busy} onPress={() => end('veto')} testId="setting-veto">{t.veto}</Button>
        {ready && <Button small icon="check" busy={doing.busy} onPress={() => end('apply')} testId="setting-apply">{t.apply}</Button>}
      </div>
    </div>
  );
}

function SetLimit({ limits, doing, onClose }: { limits: AccountLimits; doing: Doing; onClose(): void }) {
  const t = accountTexts.get().limits;
  const [id, setId] = useState(limits.list[0]!.asset.id);
  const [words, setWords] = useState('');
  const [hours, setHours] = useState('24');
  const limit = limits.list.find((l) => l.asset.id === id) ?? limits.list[0]!;
  const parsed = parseAmount(words.trim(), limit.asset.decimals);
  const amount = 'value' in parsed ? parsed.value : null;
  const isLower = amount !== null && limit.hours > 0 && amount <= BigInt(limit.amount.value) && parseInt(hours, 10) >= limit.hours;
  return (
    <form onSubmit={(event) => {
      event.preventDefault();
      if (amount !== null) {
        void doing.run((own) => command('limit_prepare', { ...own, what: isLower ? 'lower' : 'set', asset: id, amount: amount.toString(), hours }));
      }
    }}>
      <Select label={t.asset} value={id} onValue={setId} options={limits.list.map((l) => [l.asset.id, clean(l.asset.symbol, 12)])} testId="limit-asset" />
      <TextField label={t.amount} value={words} onValue={setWords} mode="decimal" testId="limit-amount" error={words && amount === null ? t.noAmount : undefined} />
      <Select label={t.period} value={hours} onValue={setHours} options={[['1', t.hour], ['24', t.day], ['168', t.week], ['720', t.month]]} testId="limit-hours" />
      <p class="muted">{isLower ? t.atOnce : t.afterDelay}</p>
      <div class="row"><Button submit kind="primary" busy={doing.busy} disabledWhy={amount === null ? t.noAmount : undefined} testId="limit-ask">{T().send.review}</Button><Button onPress={onClose}>{T().common.cancel}</Button></div>
    </form>
  );
}

function AddKnown({ limits, doing, onClose }: { limits: AccountLimits; doing: Doing; onClose(): void }) {
  const t = accountTexts.get().limits;
  const asked = useAsk('contacts_list', {});
  const known = new Set(limits.known.map((k) => k.party.address));
  const contacts = (asked.data?.contacts ?? []).filter((c) => !known.has(c.address));
  const [address, setAddress] = useState('');
  const chosen = address || contacts[0]?.address;
  return (
    <div>
      {contacts.length > 0
        ? <Select label={t.contact} value={chosen ?? ''} onValue={setAddress} options={contacts.map((c) => [c.address, clean(c.name, 40)])} testId="known-contact" />
        : <p class="muted">{t.noContact}</p>}
      <div class="row">
        {chosen && <Button kind="primary" busy={doing.busy} onPress={() => void doing.run((own) => command('known_prepare', { ...own, what: 'add', address: chosen }))} testId="known-ask">{T().send.review}</Button>}
        <Button onPress={onClose}>{T().common.cancel}</Button>
      </div>
    </div>
  );
}

export function Limits({ account, limits }: { account: Account; limits: AccountLimits }) {
  const t = accountTexts.get().limits;
  const doing = usePrepare(account);
  const [open, setOpen] = useState<'' | 'limit' | 'known'>('');
  const lacksNative = limits.list[0]?.hours === 0 && limits.list.some((l) => l.hours > 0);
  return (
    <Card title={t.title}>
      <p class="muted">{account.threshold > 1 ? t.why(account.threshold) : t.whyOne}</p>
      {lacksNative && <Note level="caution">{t.noNative(clean(limits.list[0]!.asset.symbol, 12))}</Note>}
      <ul class="bullets">{limits.list.filter((l, i) => i === 0 || l.hours > 0).map((l) => <Row key={l.asset.id} limit={l} />)}</ul>
      <h3>{t.known}</h3>
      {limits.known.length === 0 && <p class="muted">{t.nobody}</p>}
      {limits.known.map((k) => (
        <div key={k.party.address} class="row" data-test="known">
          <PartyFull party={k.party} /><GradeBadge figure={k.checked} />
          {offers('known_prepare') && <Button small busy={doing.busy} onPress={() => void doing.run((own) => command('known_prepare', { ...own, what: 'forget', address: k.party.address }))} testId="known-forget">{t.forget}</Button>}
        </div>
      ))}
      {(account.settings ?? []).map((s) => <Waiting key={s.id} setting={s} doing={doing} />)}
      {doing.error && <ErrorPanel what={T().what.prepare} error={doing.error} />}
      {open === 'limit' && <SetLimit limits={limits} doing={doing} onClose={() => setOpen('')} />}
      {open === 'known' && <AddKnown limits={limits} doing={doing} onClose={() => setOpen('')} />}
      {open === '' && offers('limit_prepare') && (
        <div class="row">
          <Button small icon="plus" onPress={() => setOpen('limit')} testId="limit-set">{t.set}</Button>
          <Button small icon="plus" onPress={() => setOpen('known')} testId="known-add">{t.add}</Button>
        </div>
      )}
    </Card>
  );
}
