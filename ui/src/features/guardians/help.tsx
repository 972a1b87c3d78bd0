/* The guardian's side: a request in words, and the answer. */
import { useState } from 'preact/hooks';
import { clean } from '../../format/clean';
import { dense, openHelp, signHelp, type HelpRequest } from '../../store/recovery';
import { store } from '../../store/store';
import { useDoing } from '../../store/use';
import { guardianTexts } from '../../text';
import { Address } from '../../widgets/address';
import { Button, Card, ErrorPanel, Note } from '../../widgets/basic';
import { Select, TextField } from '../../widgets/form';
import { Travelling } from './travelling';

const TEXT_MAX = 4000; /* with the lines that a mail program makes of it */

export function TheHelp() {
  const t = guardianTexts.get();
  const [text, setText] = useState('');
  const [request, setRequest] = useState<HelpRequest | null>(null);
  const doing = useDoing();
  const read = async (): Promise<void> => setRequest(await doing.run(() => openHelp(dense(text))));
  return (
    <Card title={t.help}>
      <p>{t.helpLead}</p>
      <TextField label={t.text} value={text} onValue={(v) => { setText(v); setRequest(null); }} rows={4} max={TEXT_MAX} mono testId="help-text" />
      <div class="row"><Button busy={doing.busy} disabledWhy={dense(text) ? undefined : t.text} onPress={() => void read()} testId="help-open">{t.open}</Button></div>
      {doing.error && <ErrorPanel what={t.opening} error={doing.error} />}
      {request && <Request key={request.code} request={request} text={dense(text)} />}
    </Card>
  );
}

function Request({ request, text }: { request: HelpRequest; text: string }) {
  const t = guardianTexts.get();
  const accounts = (store.accounts.value?.accounts ?? []).filter((a) => request.signers.includes(a.id));
  const [chosen, choose] = useState(accounts[0]?.id ?? '');
  const [isConfirmed, confirm] = useState(false);
  const [answer, setAnswer] = useState('');
  const doing = useDoing();
  const signer = accounts.find((a) => a.id === chosen);
  const sign = async (): Promise<void> => {
    const signed = signer && await doing.run(() => signHelp(signer, text, t.forSign));
    setAnswer(signed ?? '');
  };
  return (
    <div data-test="help-request" data-state={request.state}>
      {request.what === 'recover' ? <Note level="danger">{t.asks} {request.removed > 0 && t.removes(request.removed)}</Note>
        : <Note level={request.what === 'practice' ? 'info' : 'caution'}>{t.wishes[request.what].open}</Note>}
      <p>{t.account}: <Address value={request.address} /></p>
      <p>{t.code}: <strong class="mono" data-test="help-code">{request.code}</strong></p>
      <p>{t.codeHelp}</p>
      {request.state !== 'open' && <Note level="caution">{t.notNow(request.state)}</Note>}
      {request.state === 'open' && !signer && <Note level="caution">{t.notYou}</Note>}
      {request.state === 'open' && signer && !answer && (
        <>
          {accounts.length > 1 && <Select label={t.signAs} value={chosen} options={accounts.map((a) => [a.id, clean(a.name, 40)])} onValue={choose} testId="help-signer" />}
          <label class="tick"><input type="checkbox" checked={isConfirmed} data-test="help-confirm" onChange={(event) => confirm(event.currentTarget.checked)} />{t.confirm}</label>
          <Button kind="primary" icon="fingerprint-pattern" busy={doing.busy} disabledWhy={isConfirmed ? undefined : t.confirm} onPress={() => void sign()} testId="help-sign">{t.sign}</Button>
        </>
      )}
      {doing.error && <ErrorPanel what={t.sign} error={doing.error} />}
      {answer && <><p><strong>{t.signed}</strong> {t.signedHelp}</p><Travelling text={answer} label={t.signed} testId="help-answer" /></>}
    </div>
  );
}
