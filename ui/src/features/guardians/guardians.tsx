/* Guardians: those of the account that is used, what this wallet is for others, and the way back into a lost account. */
import { useState } from 'preact/hooks';
import type { Account, Guardian, Recovery } from '../../api/generated';
import { shortAddress } from '../../format/address';
import { clean } from '../../format/clean';
import { due } from '../../format/time';
import { brake, prepareRecovery, readRecovery, type BrakeWhat } from '../../store/recovery';
import { chainNow, currentAccount, currentNetwork, offers } from '../../store/store';
import { command, useAsk, useDoing } from '../../store/use';
import { guardianTexts, T } from '../../text';
import { Button, Card, ErrorPanel, Heading, Note, Skeleton } from '../../widgets/basic';
import { GradeBadge } from '../../widgets/figure';
import { TextField } from '../../widgets/form';
import { TheBack } from './back';
import { TheHelp } from './help';
import { Wishes } from './wishes';
import { TheSetting } from './setting';
import { SignTogether, TheSigning } from './together';
import { Travelling } from './travelling';

const DAY_S = 86_400;

/** With an operation's id: who else must sign it. */
export function Guardians({ id }: { id: string }) {
  const t = guardianTexts.get();
  const account = currentAccount.value;
  if (id) {
    return <SignTogether id={id} />;
  }
  return (
    <div class="narrow wide-narrow" data-test="guardians">
      <Heading>{t.title}</Heading>
      <Card><p>{t.lead}</p></Card>
      {account?.kind === 'passkey' && <Mine account={account} />}
      <TheHelp />
      {account && account.kind !== 'watch' && <OwnName account={account} />}
      <TheBack />
      <TheSigning />
    </div>
  );
}

interface Naming { accountId: string; onNamed(): void }

/** With naming, the owner can name them. */
export function GuardianList({ list, naming }: { list: Guardian[]; naming?: Naming }) {
  const t = guardianTexts.get();
  return (
    <ul class="list">
      {list.map((g) => (
        <li key={g.key} class="owner" data-test="guardian" data-answered={g.agreed ?? g.answered}>
          <span class="row-main">
            {g.name && <strong><bdi>{clean(g.name, 40)}</bdi></strong>}
            <span class={g.name ? 'muted' : undefined}>{t.kinds[g.kind]} <bdi class="mono">{g.address ?? shortAddress(g.key)}</bdi></span>
            {g.account_id && <span class="muted">{t.you}</span>}
            {(g.agreed || g.answered) && <span class="chip-state ok">{t.answered}</span>}
            {naming && <Rename guardian={g} naming={naming} />}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Rename({ guardian, naming }: { guardian: Guardian; naming: Naming }) {
  const t = guardianTexts.get();
  const [name, setName] = useState<string | null>(null);
  const doing = useDoing();
  const keep = (): void => void doing.run(() => command('guardian_name', { account_id: naming.accountId, guardian: guardian.key, name: name!.trim() }).then(() => {
    setName(null);
    naming.onNamed();
  }));
  return name === null ? <span class="row"><Button small onPress={() => setName(guardian.name ?? '')} testId="guardian-rename">{t.rename}</Button></span> : (
    <>
      <TextField label={t.rename} value={name} onValue={setName} testId="guardian-name" />
      <span class="row"><Button small busy={doing.busy} onPress={keep} testId="guardian-keep">{t.keep}</Button></span>
      {doing.error && <ErrorPanel what={t.rename} error={doing.error} />}
    </>
  );
}

function Mine({ account }: { account: Account }) {
  const t = guardianTexts.get();
  const network = currentNetwork.value;
  const asked = useAsk('recovery_status', network ? { address: account.address, network_id: network.id } : null);
  const seen = asked.data;
  return (
    <Card title={t.mine(clean(account.name, 40))} busy={!seen} aside={seen && <GradeBadge figure={seen.checked} />}>
      {asked.error && <ErrorPanel what={t.reading} error={asked.error} retry={asked.reload} />}
      {!seen && !asked.error && <Skeleton what={t.reading} />}
      {seen && (
        <>
          <p data-test="guardians-state" data-state={seen.state}><strong>{t.states[seen.state]}</strong></p>
          {seen.guardians.length > 0 && <><p>{t.rule(seen.threshold, seen.guardians.length, seen.delay_s / DAY_S)}</p><GuardianList list={seen.guardians} naming={{ accountId: account.id, onNamed: asked.reload }} /></>}
          {seen.state !== 'no_account' && seen.state !== 'version_1' && <><Brakes account={account} seen={seen} /><Wishes seen={seen} onSeen={asked.reload} /><TheSetting account={account} /></>}
        </>
      )}
    </Card>
  );
}

function Brakes({ account, seen }: { account: Account; seen: Recovery }) {
  const t = guardianTexts.get();
  const doing = useDoing();
  const isFrozen = seen.frozen_ms > chainNow();
  const stop = (what: BrakeWhat): void => void doing.run(() => brake(account, seen.network_id, what, t.forBrake));
  /* By itself the account needs no second signature to put a recovery off. */
  const putOff = (): void => void doing.run<unknown>(() => (account.threshold > 1 ? brake(account, seen.network_id, 'put_off', t.forBrake)
    : readRecovery(account.address, seen.network_id).then(() => prepareRecovery(account.id, seen.network_id, account.id, 'put_off'))));
  return (
    <>
      {isFrozen && <Note level="info">{t.frozen(due(seen.frozen_ms))} {seen.held_ms > chainNow() && t.held(due(seen.held_ms))}</Note>}
      {seen.state === 'under_way' && <Note level="danger">{t.readyAt(due(seen.ready_ms))} {t.alarm} {t.left(seen.put_offs_left)}</Note>}
      {doing.error && <ErrorPanel what={T().what.prepare} error={doing.error} />}
      {offers('recovery_prepare') && !isFrozen && (
        <div class="row">
          {seen.state === 'under_way' && seen.put_offs_left > 0 && <Button small kind="primary" icon="shield-check" busy={doing.busy} onPress={putOff} testId="put-off">{t.putOff}</Button>}
          <Button small icon="lock" busy={doing.busy} onPress={() => stop('freeze')} testId="freeze">{t.freeze}</Button>
          <span class="muted">{t.freezeHelp} {t.signs}</span>
        </div>
      )}
    </>
  );
}

function OwnName({ account }: { account: Account }) {
  const t = guardianTexts.get();
  const [isShown, show] = useState(false);
  const [name, setName] = useState('');
  const asked = useAsk('guardian_text', isShown ? { account_id: account.id, name: name.trim() } : null);
  return (
    <Card title={t.ownName}>
      <p>{t.ownNameHelp}</p>
      {!isShown && <TextField label={t.yourName} value={name} onValue={setName} testId="own-name-called" />}
      {!isShown && <Button onPress={() => show(true)} testId="own-name">{t.show}</Button>}
      {asked.error && <ErrorPanel what={t.show} error={asked.error} retry={asked.reload} />}
      {asked.data && <Travelling text={asked.data.text} label={t.ownName} testId="own-name-text" />}
    </Card>
  );
}
