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
import { Gathering } from './gathering';
import { GuardianList } from './guardians';
import { Wishes } from './wishes';

const DAY_S = 86_400;

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
          {seen.state === 'quiet' && (seen.help && seen.help.state !== 'outdated' ? <Gathering seen={seen} onSeen={setSeen} request={seen.help} what="begin" /> : <Ask seen={seen} onSeen={setSeen} />)}
          {seen.state === 'under_way' && <UnderWay seen={seen} />}
          {seen.account_id && seen.guardians.length > 0 && <Wishes seen={seen} onSeen={() => void look()} />}
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
