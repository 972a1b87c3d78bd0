/* History, and one operation from draft to final. */
import { useEffect, useState } from 'preact/hooks';
import type { Operation, Row, Step } from '../../api/generated';
import { call } from '../../api/client';
import { shortPeer } from '../../format/address';
import { toDecimal } from '../../format/amount';
import { clean } from '../../format/clean';
import { moment, span } from '../../format/time';
import { go, prefill } from '../../store/go';
import { currentAccount, currentNetwork, now, offers, putOperation, store } from '../../store/store';
import { command, useAsk, useDoing } from '../../store/use';
import { sayCoded, T } from '../../text';
import { CopyButton, PartyFull } from '../../widgets/address';
import { Button, Card, Empty, ErrorPanel, errorText, Heading, Icon, LinkButton, Note, Skeleton } from '../../widgets/basic';
import { Figure } from '../../widgets/figure';
import { KeyValue, Select, TextField } from '../../widgets/form';
import { ActivityRow, Exact, isNobody, isOwnCall, kindWords, rowTitle, StateChip } from '../../widgets/operation';
import { WindowedList } from '../../widgets/list';
import { ApiError } from '../../api/errors';

const PAGE = 50;
type Direction = 'all' | 'out' | 'in';

export function Activity() {
  const t = T();
  const account = currentAccount.value;
  const network = currentNetwork.value;
  const [search, setSearch] = useState('');
  const [direction, setDirection] = useState<Direction>('all');
  const [spam, setSpam] = useState(false);
  const [older, setOlder] = useState<Row[]>([]);
  const [next, setNext] = useState<string | undefined>(undefined);
  const doing = useDoing();
  const live = store.activity.value;
  const params = account && network ? { account_id: account.id, network_id: network.id, limit: PAGE, direction, ...(search.trim() ? { search: search.trim() } : {}), ...(spam ? { spam: true } : {}) } : null;
  /* an event changes rows that are shown: ask again when the newest rows change */
  const asked = useAsk('history_list', params, search ? 200 : 0, live?.rows.map((r) => r.id + r.state).join());
  useEffect(() => {
    setOlder([]);
    setNext(asked.data?.next);
  }, [asked.data]);
  const rows = [...(asked.data?.rows ?? []), ...older];
  const total = Math.max(asked.data?.total ?? 0, rows.length);
  const more = async (): Promise<void> => {
    const page = await doing.run(() => call('history_list', { ...params!, after: next }));
    if (page) {
      setOlder([...older, ...page.rows]);
      setNext(page.next);
    }
  };
  const isFiltered = search.trim() !== '' || direction !== 'all';
  return (
    <>
      <Heading>{t.activity.title}</Heading>
      <Card busy={!asked.data && !asked.error}>
        <div class="filters" data-search>
          <TextField label={t.common.search} value={search} onValue={setSearch} max={100} type="search" />
          <Select label={t.activity.filter} value={direction} options={[['all', t.activity.all], ['out', t.activity.out], ['in', t.activity.in]]} onValue={(v) => setDirection(v)} />
        </div>
        {asked.error && <ErrorPanel what={t.what.history} error={asked.error} retry={asked.reload} />}
        {!asked.data && !asked.error && <Skeleton what={t.what.history} lines={5} />}
        {asked.data && rows.length === 0 && <Empty text={isFiltered ? t.activity.noMatch : t.activity.empty} />}
        {rows.length > 0 && (
          <WindowedList rows={rows} rowHeight={68} draw={(row, i) => <ActivityRow key={row.id} row={row} position={i + 1} total={total} />} />
        )}
        {doing.error && <ErrorPanel what={t.what.history} error={doing.error} retry={() => void more()} />}
        {next && <div class="actions"><Button onPress={() => void more()} busy={doing.busy}>{t.common.showMore}</Button></div>}
        {asked.data && asked.data.spam_hidden > 0 && !spam && <p class="row muted"><span>{t.activity.spam(asked.data.spam_hidden)}</span><Button small onPress={() => setSpam(true)}>{t.common.show}</Button></p>}
      </Card>
    </>
  );
}

export function OperationScreen({ id }: { id: string }) {
  const t = T();
  const known = store.operations.value[id];
  const asked = useAsk('operation_get', known ? null : { operation_id: id });
  const operation = known ?? asked.data;
  if (asked.error) {
    return <><Heading>{t.activity.title}</Heading><Card><ErrorPanel what={t.what.request} error={asked.error} retry={asked.reload} /><LinkButton to="activity" icon="arrow-left">{t.nav.activity}</LinkButton></Card></>;
  }
  return operation ? <Detail operation={operation} /> : <><Heading>{t.activity.title}</Heading><Card busy><Skeleton what={t.what.request} lines={6} /></Card></>;
}

const LONG_MS = 120_000;

function Detail({ operation: o }: { operation: Operation }) {
  const t = T();
  const doing = useDoing();
  const title = o.kind === 'send' || o.kind === 'receive' ? `${rowTitle({ kind: o.kind, party: o.kind === 'receive' ? o.from : o.to })}` : kindWords(o.kind);
  const replace = async (method: 'speed_up_prepare' | 'cancel_prepare'): Promise<void> => {
    const made = await doing.run(() => command(method, { operation_id: o.id }));
    if (made) {
      putOperation(made);
      go(`approve/${made.id}`);
    }
  };
  const again = (): void => {
    Object.assign(prefill, { to: o.to.address, asset: o.asset.id, amount: toDecimal(BigInt(o.amount.value), o.amount.decimals) });
    go('send');
  };
  const waitedMs = now.value - (o.steps.find((s) => s.state === 'submitted')?.at_ms || o.updated_ms);
  const isIn = o.kind === 'receive';
  const other = isIn ? o.from : o.to;
  return (
    <div class="narrow wide-narrow">
      <Heading aside={<StateChip state={o.state} />}>{title}</Heading>
      <Card className="operation">
        {o.kind !== 'cancel' && !isOwnCall(o.kind) && <p class="total" data-test="amount-moved"><Figure figure={o.amount} sign={isIn ? '+' : '−'} full size="mid" /></p>}
        {o.reason && <Note level={o.state === 'failed' ? 'danger' : 'info'}>{reasonText(o)}</Note>}
        {o.state === 'submitted' && waitedMs > LONG_MS && <Note level="caution">{t.activity.long(Math.floor(waitedMs / 60_000))}</Note>}
        <StepList operation={o} />
        <div class="row">
          {o.state === 'prepared' && <LinkButton to={`approve/${o.id}`} kind="primary">{t.state.review}</LinkButton>}
          {o.can.includes('speed_up') && offers('speed_up_prepare') && <Button icon="zap" busy={doing.busy} onPress={() => void replace('speed_up_prepare')} testId="speed-up">{t.activity.speedUp}</Button>}
          {o.can.includes('cancel') && offers('cancel_prepare') && <Button icon="ban" busy={doing.busy} onPress={() => void replace('cancel_prepare')}>{t.activity.cancelIt}</Button>}
          {o.can.includes('send_again') && <Button icon="refresh-cw" onPress={again}>{t.activity.again}</Button>}
          {o.can.includes('cancel') && <span class="muted">{t.activity.cancelHelp}</span>}
        </div>
        {doing.error && <ErrorPanel what={t.what.replace} error={doing.error} />}
      </Card>
      <Card>
        <KeyValue rows={[
          [isIn ? t.approve.from : t.approve.to, isIn && isNobody(other) ? t.activity.nobody : isIn && other.known === 'none' ? <><PartyFull party={other} /><span class="muted block">{t.activity.stranger}</span></> : <PartyFull party={other} />],
          [t.activity.amount, <Figure figure={o.amount} full />],
          ...(isIn ? [] : [o.fee.paid ? [t.activity.feePaid, <Figure figure={o.fee.paid} full />] as [string, preact.ComponentChildren] : [t.activity.feeMax, <Figure figure={o.fee.max} full />] as [string, preact.ComponentChildren]]),
          [t.network.choose, clean(currentNetwork.value?.name ?? o.network_id, 40)],
          ...(o.block ? [[t.activity.block, o.block.toLocaleString(t.locale)] as [string, string]] : []),
          ...(o.tx_hash ? [[t.activity.hash, <span class="hash"><span class="mono wrap">{o.tx_hash}</span><CopyButton small text={o.tx_hash} label={t.common.copy} /></span>] as [string, preact.ComponentChildren]] : []),
          ...(o.user_op_hash ? [[t.activity.opHash, <span class="mono wrap">{o.user_op_hash}</span>] as [string, preact.ComponentChildren]] : []),
          ...(o.server ? [[t.activity.server, <span class="mono">{shortPeer(o.server)}</span>] as [string, preact.ComponentChildren]] : []),
          ...(o.replaced_by ? [[t.activity.replacedBy, <a href={`#/activity/${o.replaced_by}`}>{t.activity.openIt}</a>] as [string, preact.ComponentChildren]] : []),
          ...(o.replaces ? [[t.activity.replaces, <a href={`#/activity/${o.replaces}`}>{t.activity.openIt}</a>] as [string, preact.ComponentChildren]] : []),
        ]} />
        {o.exact && <Exact operation={o} />}
      </Card>
      <div class="actions"><LinkButton to="activity" icon="arrow-left">{t.nav.activity}</LinkButton></div>
    </div>
  );
}

function reasonText(o: Operation): string {
  const t = T();
  const r = o.reason!;
  return r.code in t.reason ? sayCoded(t.reason, r) : errorText(new ApiError(r.code, r.params));
}

function StepList({ operation: o }: { operation: Operation }) {
  const t = T();
  const steps = o.steps.filter((s) => s.state !== 'draft');
  const reached = steps.map((s) => s.at_ms > 0).lastIndexOf(true);
  const isOver = ['failed', 'replaced', 'expired', 'cancelled', 'final'].includes(o.state);
  const icon = (s: Step, i: number) => (s.at_ms > 0 ? (s.state === 'failed' ? 'circle-x' : 'circle-check') : i === reached + 1 && !isOver ? 'loader' : 'clock');
  return (
    <ol class="timeline" aria-label={t.activity.steps}>
      {steps.filter((s) => s.at_ms > 0 || !isOver).map((s, i) => (
        <li key={s.state} class={s.at_ms > 0 ? (s.state === 'failed' ? 'bad' : 'done') : i === reached + 1 ? 'next' : ''}>
          <Icon name={icon(s, i)} />
          <span class="grow"><strong>{s.state === 'prepared' && i < reached ? t.activity.preparedStep : t.activity.states[s.state]}</strong>
            {s.servers ? <span class="muted"> · {t.activity.servers(s.servers)}</span> : null}
            {s.by && <span class="muted"> · <bdi>{clean(s.by, 40)}</bdi></span>}
            {s.block ? <span class="muted"> · {t.grade.block(s.block.toLocaleString(t.locale))}</span> : null}
          </span>
          <span class="muted tabular">{s.at_ms > 0 ? <time dateTime={new Date(s.at_ms).toISOString()}>{moment(s.at_ms, now.value, t)}</time>
            : s.state === 'included' ? t.activity.usual(span(o.fee.wait_s * 1000, t)) : t.activity.notYet}</span>
        </li>
      ))}
    </ol>
  );
}

