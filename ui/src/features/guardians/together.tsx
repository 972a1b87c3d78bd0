/* Signing together with owners who have other wallets: with an operation, what it lacks; without one, an operation of somebody else. */
import { useState } from 'preact/hooks';
import type { Operation, Partial, PartialCall } from '../../api/generated';
import { toDecimal } from '../../format/amount';
import { clean } from '../../format/clean';
import { due } from '../../format/time';
import { gather, giveOut, openPartial, signPartial, type Given } from '../../store/partial';
import { dense } from '../../store/recovery';
import { currentNetwork, store } from '../../store/store';
import { useAsk, useDoing } from '../../store/use';
import { guardianTexts, T } from '../../text';
import { Address } from '../../widgets/address';
import { Button, Card, ErrorPanel, Heading, LinkButton, Note, Skeleton } from '../../widgets/basic';
import { Select, TextField } from '../../widgets/form';
import { Travelling } from './travelling';

const TEXT_MAX = 12_000; /* with the lines that a mail program makes of it */
const QR_MAX = 2_300;

export function SignTogether({ id }: { id: string }) {
  const t = guardianTexts.get().together;
  return <div class="narrow wide-narrow" data-test="sign-together"><Heading>{t.title}</Heading><Mine id={id} /></div>;
}

/* ---- an operation of this wallet ---- */

function Mine({ id }: { id: string }) {
  const t = guardianTexts.get().together;
  const known = store.operations.value[id];
  const asked = useAsk('operation_get', known ? null : { operation_id: id });
  const operation = known ?? asked.data;
  if (asked.error) {
    return <Card><ErrorPanel what={T().what.request} error={asked.error} retry={asked.reload} /></Card>;
  }
  return operation ? <Lacking operation={operation} /> : <Card busy><Skeleton what={t.title} /></Card>;
}

function Lacking({ operation }: { operation: Operation }) {
  const t = guardianTexts.get().together;
  const [given, setGiven] = useState<Given | null>(null);
  const [answer, setAnswer] = useState('');
  const giving = useDoing();
  const taking = useDoing();
  const have = (operation.signers?.length ?? 0) + (operation.signed_elsewhere ?? 0);
  const give = async (): Promise<void> => setGiven(await giving.run(() => giveOut(operation)));
  const take = async (): Promise<void> => {
    if (await taking.run(() => gather(operation, dense(answer)))) {
      setAnswer('');
    }
  };
  if (operation.state !== 'prepared') {
    return <Card title={t.text}><p data-test="sign-whole"><strong>{t.whole}</strong></p><LinkButton to={`activity/${operation.id}`} kind="primary">{T().activity.openIt}</LinkButton></Card>;
  }
  return (
    <>
      <Card title={t.text}>
        <p>{t.lead}</p>
        <p data-test="sign-have">{t.have(have, operation.signers_needed ?? 1)}</p>
        {giving.error && <ErrorPanel what={t.give} error={giving.error} />}
        {!given && <Button kind="primary" busy={giving.busy} onPress={() => void give()} testId="sign-give">{t.give}</Button>}
        {given && (
          <>
            <p>{t.code}: <strong class="mono">{given.code}</strong></p>
            <p>{t.until(due(given.operation.expires_ms))} {t.holds}</p>
            {given.text.length <= QR_MAX ? <Travelling text={given.text} label={t.text} testId="sign-text" /> : <TextField label={t.text} value={given.text} onValue={() => undefined} rows={6} max={TEXT_MAX} mono testId="sign-text" />}
          </>
        )}
      </Card>
      <Card title={t.answer}>
        <TextField label={t.answer} value={answer} onValue={setAnswer} rows={4} max={TEXT_MAX} mono testId="sign-answer" />
        {taking.error && <ErrorPanel what={t.take} error={taking.error} />}
        <Button busy={taking.busy} disabledWhy={dense(answer) ? undefined : t.answer} onPress={() => void take()} testId="sign-take">{t.take}</Button>
      </Card>
    </>
  );
}

/* ---- somebody else's ---- */

export function TheSigning() {
  const t = guardianTexts.get().together;
  const [text, setText] = useState('');
  const [opened, setOpened] = useState<Partial | null>(null);
  const doing = useDoing();
  const read = async (): Promise<void> => setOpened(await doing.run(() => openPartial(dense(text))));
  return (
    <Card title={t.title}>
      <p>{t.openLead}</p>
      <TextField label={t.text} value={text} onValue={(v) => { setText(v); setOpened(null); }} rows={4} max={TEXT_MAX} mono testId="sign-open-text" />
      <div class="row"><Button busy={doing.busy} disabledWhy={dense(text) ? undefined : t.text} onPress={() => void read()} testId="sign-open">{t.open}</Button></div>
      {doing.error && <ErrorPanel what={t.opening} error={doing.error} />}
      {opened && <Opened key={opened.code} opened={opened} text={dense(text)} />}
    </Card>
  );
}

const amountOf = (call: PartialCall): string => `${toDecimal(BigInt(call.amount), call.decimals ?? 0)} ${clean(call.symbol ?? '?', 12)}`;

function Call({ call }: { call: PartialCall }) {
  const t = guardianTexts.get().together;
  const words = (
    <>
      <strong>{t.what[call.what]}</strong>
      {(call.what === 'payment' || call.what === 'token' || call.what === 'unknown') && <> {amountOf(call)} → <Address value={call.to} /></>}
      {call.token && !call.symbol && <> {t.noToken} <Address value={call.token} /></>}
      {call.what === 'owners' && <> {t.owners(call.added?.length ?? 0, call.removed?.length ?? 0, call.threshold ?? 0)}</>}
      {[...(call.added ?? []), ...(call.data ? [call.data] : [])].map((hex) => <p key={hex} class="mono break">{hex}</p>)}
    </>
  );
  return <div data-test="sign-call" data-what={call.what} data-danger={call.danger}>{call.danger ? <Note level="danger">{words}</Note> : <p>{words}</p>}</div>;
}

function Opened({ opened, text }: { opened: Partial; text: string }) {
  const t = guardianTexts.get().together;
  const accounts = (store.accounts.value?.accounts ?? []).filter((a) => opened.signers.includes(a.id));
  const [chosen, choose] = useState(accounts[0]?.id ?? '');
  const [isConfirmed, confirm] = useState(false);
  const [answer, setAnswer] = useState('');
  const doing = useDoing();
  const signer = accounts.find((a) => a.id === chosen);
  const native = currentNetwork.value?.native;
  const sign = async (): Promise<void> => {
    const signed = signer && await doing.run(() => signPartial(signer, text, isConfirmed, t.sign));
    setAnswer(signed ?? '');
  };
  return (
    <div data-test="sign-opened" data-state={opened.state}>
      <p>{t.account}: <Address value={opened.address} /></p>
      {opened.calls.map((call, i) => <Call key={i} call={call} />)}
      <p>{T().approve.feeAtMost}: {toDecimal(BigInt(opened.fee_max), native?.decimals ?? 18)} {clean(native?.symbol ?? 'ETH', 12)}</p>
      <p>{t.code}: <strong class="mono" data-test="sign-code">{opened.code}</strong></p>
      <p>{t.codeHelp} {t.holds}</p>
      {opened.state !== 'open' && <Note level="caution">{t.notNow(opened.state)}</Note>}
      {opened.state === 'open' && !signer && <Note level="caution">{t.notYou}</Note>}
      {opened.state === 'open' && signer && !answer && (
        <>
          {accounts.length > 1 && <Select label={t.signAs} value={chosen} options={accounts.map((a) => [a.id, clean(a.name, 40)])} onValue={choose} testId="sign-signer" />}
          <label class="tick"><input type="checkbox" checked={isConfirmed} data-test="sign-confirm" onChange={(event) => confirm(event.currentTarget.checked)} />{t.confirm}</label>
          <Button kind="primary" icon="fingerprint-pattern" busy={doing.busy} disabledWhy={isConfirmed ? undefined : t.confirm} onPress={() => void sign()} testId="sign-sign">{t.sign}</Button>
        </>
      )}
      {doing.error && <ErrorPanel what={t.sign} error={doing.error} />}
      {answer && <><p><strong>{t.signed}</strong></p><Travelling text={answer} label={t.signed} testId="sign-signed" /></>}
    </div>
  );
}
