/* Keys of jobs, which spend by themselves within their terms: what is left of each, an end at once, and a new one. What is signed is said on
 * the approval screen. */
import { useState } from 'preact/hooks';
import type { Account, Asset, Session } from '../../api/generated';
import { parseAmount } from '../../format/amount';
import { clean } from '../../format/clean';
import { due } from '../../format/time';
import { chainNow, offers } from '../../store/store';
import { command } from '../../store/use';
import { accountTexts, T } from '../../text';
import { Address, PartyFull } from '../../widgets/address';
import { Button, Card, ErrorPanel } from '../../widgets/basic';
import { amountText, GradeBadge } from '../../widgets/figure';
import { Select, TextField } from '../../widgets/form';
import { type Doing, usePrepare } from './limits';

const DAY_MS = 86_400_000;
const isAddress = (text: string): boolean => /^0x[0-9a-fA-F]{40}$/.test(text);

function Row({ session, doing }: { session: Session; doing: Doing }) {
  const t = accountTexts.get().sessions;
  const amount = amountText(session.amount);
  const what = session.kind === 'ether' ? t.sends(amount)
    : session.kind === 'token' ? t.pays(amount, session.fees ? amountText(session.fees) : '') : t.calls(session.function ?? '', amount);
  const left = [session.left && t.left(amountText(session.left)), session.fees_left && t.feesLeft(amountText(session.fees_left))].filter(Boolean).join(', ');
  const isOver = session.state === 'ended' || session.state === 'void' || session.state === 'expired';
  return (
    <div data-test="session" data-state={session.state}>
      <p><strong>{t.states[session.state]}</strong> {session.left && <GradeBadge figure={session.left} />} <span data-test="session-left">{left}</span></p>
      <p>{what}</p>
      <PartyFull party={session.to} />
      <p class="muted">{t.key} <Address value={session.job_key} /></p>
      {!isOver && <p class="muted">{t.ends(due(session.until_ms))}</p>}
      {!isOver && offers('session_prepare') && (
        <div class="row"><Button small kind="danger" busy={doing.busy} onPress={() => void doing.run((own) => command('session_prepare', { ...own, what: 'end', session_id: session.id }))} testId="session-end">{t.end}</Button></div>
      )}
    </div>
  );
}

function Add({ assets, doing, onClose }: { assets: Asset[]; doing: Doing; onClose(): void }) {
  const t = accountTexts.get().sessions;
  const native = assets[0]!;
  const [jobKey, setJobKey] = useState('');
  const [to, setTo] = useState('');
  const [id, setId] = useState(native.id);
  const [words, setWords] = useState('');
  const [feeWords, setFeeWords] = useState('');
  const [days, setDays] = useState('1');
  const asset = assets.find((a) => a.id === id) ?? native;
  const amount = parseAmount(words.trim(), asset.decimals);
  const fees = parseAmount(feeWords.trim(), native.decimals);
  const lacks = !isAddress(jobKey.trim()) || !isAddress(to.trim()) ? t.noAddress : !('value' in amount) || !('value' in fees) ? t.noAmount : undefined;
  const wrong = (text: string): string | undefined => (text && !isAddress(text.trim()) ? t.noAddress : undefined);
  return (
    <form onSubmit={(event) => {
      event.preventDefault();
      if ('value' in amount && 'value' in fees && !lacks) {
        const until_ms = String(chainNow() + parseInt(days, 10) * DAY_MS);
        void doing.run((own) => command('session_prepare', { ...own, what: 'add', job_key: jobKey.trim(), to: to.trim(), asset: id, amount: amount.value.toString(), fees: fees.value.toString(), until_ms }));
      }
    }}>
      <TextField label={t.jobKey} help={t.jobKeyHelp} value={jobKey} onValue={setJobKey} mono error={wrong(jobKey)} testId="session-key" />
      <TextField label={t.to} value={to} onValue={setTo} mono error={wrong(to)} testId="session-to" />
      <Select label={t.asset} value={id} onValue={setId} options={assets.map((a) => [a.id, clean(a.symbol, 12)])} testId="session-asset" />
      <TextField label={t.amount} value={words} onValue={setWords} mode="decimal" error={words && !('value' in amount) ? t.noAmount : undefined} testId="session-amount" />
      <TextField label={t.fees(clean(native.symbol, 12))} value={feeWords} onValue={setFeeWords} mode="decimal" error={feeWords && !('value' in fees) ? t.noAmount : undefined} testId="session-fees" />
      <Select label={t.length} value={days} onValue={setDays} options={[['1', t.day], ['7', t.week], ['30', t.month], ['90', t.quarter]]} testId="session-days" />
      <div class="row"><Button submit kind="primary" busy={doing.busy} disabledWhy={lacks} testId="session-ask">{T().send.review}</Button><Button onPress={onClose}>{T().common.cancel}</Button></div>
    </form>
  );
}

export function Sessions({ account, assets }: { account: Account; assets: Asset[] }) {
  const t = accountTexts.get().sessions;
  const doing = usePrepare(account);
  const [open, setOpen] = useState(false);
  const sessions = account.sessions ?? [];
  return (
    <Card title={t.title}>
      <p class="muted">{t.why}</p>
      {sessions.length === 0 && <p class="muted">{t.nobody}</p>}
      {sessions.map((s) => <Row key={s.id} session={s} doing={doing} />)}
      {doing.error && <ErrorPanel what={T().what.prepare} error={doing.error} />}
      {open && <Add assets={assets} doing={doing} onClose={() => setOpen(false)} />}
      {!open && offers('session_prepare') && <div class="row"><Button small icon="plus" onPress={() => setOpen(true)} testId="session-add">{t.add}</Button></div>}
    </Card>
  );
}
