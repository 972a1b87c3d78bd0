/* The way back into an account whose passkeys are lost. */
import { useState } from 'preact/hooks';
import type { Recovery } from '../../api/generated';
import { due } from '../../format/time';
import { dense, prepareRecovery, readRecovery } from '../../store/recovery';
import { chainNow, currentAccount, currentNetwork } from '../../store/store';
import { command, useDoing } from '../../store/use';
import { guardianTexts } from '../../text';
import { Button, Card, ErrorPanel, Note } from '../../widgets/basic';
import { TextField } from '../../widgets/form';
import { GuardianList } from './guardians';
import { Travelling } from './travelling';

const DAY_S = 86_400;
const TEXT_MAX = 4000;

export function TheBack() {
  const t = guardianTexts.get();
  const network = currentNetwork.value;
  const [address, setAddress] = useState('');
  const [seen, setSeen] = useState<Recovery | null>(null);
  const doing = useDoing();
  const isAddress = /^0x[0-9a-fA-F]{40}$/.test(dense(address));
  const look = async (): Promise<void> => setSeen(network && await doing.run(() => readRecovery(dense(address), network.id)));
  return (
    <Card title={t.back}>
      <p>{t.backLead}</p>
      <TextField label={t.address} value={address} onValue={(v) => { setAddress(v); setSeen(null); }} max={64} mono testId="lost-address" />
      <div class="row"><Button busy={doing.busy} disabledWhy={isAddress ? undefined : t.badAddress} onPress={() => void look()} testId="lost-look">{t.look}</Button></div>
      {doing.error && <ErrorPanel what={t.look} error={doing.error} />}
      {seen && (
        <div data-test="lost" data-state={seen.state}>
          {seen.state !== 'under_way' && seen.state !== 'quiet' && <Note level="caution">{t.states[seen.state]}</Note>}
          {seen.guardians.length > 0 && <><p>{t.rule(seen.threshold, seen.guardians.length, seen.delay_s / DAY_S)}</p><GuardianList list={seen.guardians} /></>}
          {seen.state === 'quiet' && (seen.help && seen.help.state !== 'outdated' ? <Asked seen={seen} onSeen={setSeen} /> : <Ask seen={seen} onSeen={setSeen} />)}
          {seen.state === 'under_way' && <UnderWay seen={seen} />}
        </div>
      )}
    </Card>
  );
}

interface Part { seen: Recovery; onSeen(seen: Recovery): void }

function Ask({ seen, onSeen }: Part) {
  const t = guardianTexts.get();
  const account = currentAccount.value;
  const [name, setName] = useState('');
  const doing = useDoing();
  const ask = async (): Promise<void> => {
    const asked = account && await doing.run(() => readRecovery(seen.address, seen.network_id)
      .then(() => command('recovery_ask', { address: seen.address, network_id: seen.network_id, account_id: account.id, name: name.trim() })));
    if (asked) {
      onSeen(asked);
    }
  };
  return (
    <>
      {seen.help && <Note level="caution">{t.outdated}</Note>}
      {!seen.account_id && <TextField label={t.name} value={name} onValue={setName} testId="lost-name" />}
      <Button kind="primary" busy={doing.busy} disabledWhy={seen.account_id || name.trim() ? undefined : t.name} onPress={() => void ask()} testId="lost-ask">{t.ask}</Button>
      {doing.error && <ErrorPanel what={t.asking} error={doing.error} />}
    </>
  );
}

function Asked({ seen, onSeen }: Part) {
  const t = guardianTexts.get();
  const payer = currentAccount.value;
  const [text, setText] = useState('');
  const doing = useDoing();
  const help = seen.help!;
  const id = seen.account_id!;
  const fresh = (): Promise<Recovery> => readRecovery(seen.address, seen.network_id);
  const take = async (): Promise<void> => {
    const taken = await doing.run(() => fresh().then(() => command('recovery_gather', { account_id: id, text: dense(text) })));
    if (taken) {
      setText('');
      onSeen(taken);
    }
  };
  const send = (): void => void doing.run(() => fresh().then(() => prepareRecovery(id, seen.network_id, payer!.id, 'begin')));
  const forget = (): void => void doing.run(() => command('recovery_forget', { account_id: id }).then(fresh).then(onSeen));
  return (
    <>
      <p><strong>{t.request}</strong> {t.requestHelp}</p>
      <p>{t.code}: <strong class="mono" data-test="lost-code">{help.code}</strong></p>
      <Travelling text={help.text} label={t.request} testId="lost-text" />
      <p data-test="lost-answers" data-answers={help.answers}>{t.have(help.answers, seen.threshold)}</p>
      {help.state === 'open' && (
        <>
          <TextField label={t.answer} value={text} onValue={setText} rows={4} max={TEXT_MAX} mono testId="lost-answer" />
          <div class="row"><Button busy={doing.busy} disabledWhy={dense(text) ? undefined : t.answer} onPress={() => void take()} testId="lost-take">{t.take}</Button></div>
        </>
      )}
      {help.state === 'enough' && <div class="row"><Button kind="primary" busy={doing.busy} onPress={send} testId="lost-send">{t.send}</Button><span class="muted">{t.sendHelp}</span></div>}
      <Button small busy={doing.busy} onPress={forget} testId="lost-forget">{t.forget}</Button>
      {doing.error && <ErrorPanel what={t.asking} error={doing.error} />}
    </>
  );
}

function UnderWay({ seen }: { seen: Recovery }) {
  const t = guardianTexts.get();
  const payer = currentAccount.value;
  const doing = useDoing();
  const isReady = seen.ready_ms <= chainNow();
  const apply = (): void => void doing.run(() => readRecovery(seen.address, seen.network_id).then(() => prepareRecovery(seen.account_id!, seen.network_id, payer!.id, 'apply')));
  return (
    <>
      <Note level={seen.asked ? 'info' : 'caution'}>{seen.asked ? t.waits(due(seen.ready_ms)) : t.states.under_way}</Note>
      {seen.asked && isReady && payer && <Button kind="primary" busy={doing.busy} onPress={apply} testId="lost-apply">{t.apply}</Button>}
      {doing.error && <ErrorPanel what={t.apply} error={doing.error} />}
    </>
  );
}
