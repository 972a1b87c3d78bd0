/* A request that was made here: its text and code, the answers that come back, and what is done with enough of them. */
import { useState } from 'preact/hooks';
import type { Recovery } from '../../api/generated';
import { dense, prepareRecovery, readRecovery } from '../../store/recovery';
import { currentAccount } from '../../store/store';
import { command, useDoing } from '../../store/use';
import { guardianTexts } from '../../text';
import { Button, ErrorPanel, Note } from '../../widgets/basic';
import { TextField } from '../../widgets/form';
import { Travelling } from './travelling';

const TEXT_MAX = 4000;

interface Props {
  seen: Recovery;
  onSeen(seen: Recovery): void;
  request: NonNullable<Recovery['help']>;
  what: 'begin' | 'practice' | 'cancel' | 'hold';
}

export function Gathering({ seen, onSeen, request, what }: Props) {
  const t = guardianTexts.get();
  const payer = currentAccount.value;
  const [text, setText] = useState('');
  const doing = useDoing();
  const id = seen.account_id!;
  const wish = what === 'begin' ? null : t.wishes[what];
  const label = wish ? `${t.request}: ${wish.ask}` : t.request;
  const fresh = (): Promise<Recovery> => readRecovery(seen.address, seen.network_id);
  const take = async (): Promise<void> => {
    const taken = await doing.run(() => fresh().then(() => command('recovery_gather', { account_id: id, text: dense(text) })));
    if (taken) {
      setText('');
      onSeen(taken);
    }
  };
  const send = (): void => void (what !== 'practice' && payer && doing.run(() => fresh().then(() => prepareRecovery(id, seen.network_id, payer.id, what))));
  const forget = (): void => void doing.run(() => command('recovery_forget', wish ? { account_id: id, what: 'asks' } : { account_id: id }).then(fresh).then(onSeen));
  return (
    <>
      <p><strong>{label}</strong> {t.requestHelp}</p>
      <p>{t.code}: <strong class="mono" data-test="lost-code">{request.code}</strong></p>
      <Travelling text={request.text} label={label} testId="lost-text" />
      <p data-test="lost-answers" data-answers={request.answers}>{t.have(request.answers, seen.threshold)}</p>
      {request.state === 'outdated' && <Note level="caution">{t.outdated}</Note>}
      {request.state === 'open' && (
        <>
          <TextField label={t.answer} value={text} onValue={setText} rows={4} max={TEXT_MAX} mono testId="lost-answer" />
          <div class="row"><Button busy={doing.busy} disabledWhy={dense(text) ? undefined : t.answer} onPress={() => void take()} testId="lost-take">{t.take}</Button></div>
        </>
      )}
      {request.state === 'enough' && (what === 'practice' ? <Note level="ok">{t.wayProven}</Note>
        : <div class="row"><Button kind="primary" busy={doing.busy} onPress={send} testId="lost-send">{wish ? wish.ask : t.send}</Button><span class="muted">{t.sendHelp}</span></div>)}
      <Button small busy={doing.busy} onPress={forget} testId="lost-forget">{t.forget}</Button>
      {doing.error && <ErrorPanel what={t.asking} error={doing.error} />}
    </>
  );
}
