/* The ways in: what lets the person back in, when each was proven last, and the drill that proves it. */
import { useState } from 'preact/hooks';
import type { Account, Owner, Vault, VaultPasskey } from '../../api/generated';
import { usePasskey } from '../../api/webauthn';
import { clean } from '../../format/clean';
import { due, moment } from '../../format/time';
import { currentNetwork, now, store } from '../../store/store';
import { checkBackup, makeBackup } from '../../store/backup';
import { say } from '../../store/toast';
import { command, useAsk, useDoing } from '../../store/use';
import { openByPhrase, openWith, runOnce } from '../../store/vault';
import { sayCoded, T } from '../../text';
import { Button, Card, ErrorPanel, Heading, Icon, LinkButton, Note, Skeleton, type IconName } from '../../widgets/basic';
import { SecretField } from '../../widgets/secret';
import { FileField } from './file_field';
import { words } from './words';

const PROVEN_FOR_MS = 180 * 86_400_000;

export function Recovery() {
  const w = words();
  const asked = useAsk('vault_status', {}, 0, store.status.value?.vault);
  const accounts = (store.accounts.value?.accounts ?? []).filter((a) => a.kind !== 'watch');
  return (
    <div class="narrow wide-narrow" data-test="recovery">
      <Heading>{w.title}</Heading>
      <Card><p>{w.lead}</p></Card>
      <LinkButton to="guardians" icon="users" testId="to-guardians">{w.guardians}</LinkButton>
      {accounts.map((a) => <Ways key={a.id} account={a} />)}
      {asked.error ? <Card><ErrorPanel what={w.asking} error={asked.error} retry={asked.reload} /></Card>
        : asked.data ? <><VaultWays vault={asked.data} onProven={asked.reload} />{asked.data.copies && <Copies copies={asked.data.copies} />}{asked.data.backup && <Backup backup={asked.data.backup} onProven={asked.reload} />}</> : <Card busy><Skeleton what={w.asking} /></Card>}
    </div>
  );
}

interface WayProps {
  icon: IconName;
  name: string;
  provenMs: number;
  /** Proves it, or rejects; false: the person closed it. null: not here. */
  prove: (() => Promise<boolean>) | null;
  whyNot?: string;
}

function Way({ icon, name, provenMs, prove, whyNot }: WayProps) {
  const t = T();
  const w = words();
  const doing = useDoing();
  const when = moment(provenMs, now.value, t);
  const isDue = provenMs === 0 || now.value - provenMs > PROVEN_FOR_MS;
  const run = async (): Promise<void> => {
    if (await doing.run(prove!)) {
      say(w.done(name));
    }
  };
  return (
    <li class="owner" data-test="way" data-due={isDue}>
      <Icon name={icon} large />
      <span class="row-main">
        <strong><bdi>{name}</bdi></strong>
        <span class={`chip-state ${isDue ? 'warn' : 'ok'}`}>{provenMs === 0 ? w.never : isDue ? w.due(when) : w.proven(when)}</span>
        {whyNot && <span class="muted">{whyNot}</span>}
        {doing.error && <ErrorPanel what={w.proveIt(name)} error={doing.error} />}
        {prove && <span class="row"><Button small kind={isDue ? 'primary' : 'plain'} busy={doing.busy} onPress={() => void run()} label={w.proveIt(name)} testId="prove">{w.prove}</Button></span>}
      </span>
    </li>
  );
}

/** An owner signs a challenge of the wallet, as when it is unlocked. */
async function proveOwner(owner: Owner, what: string): Promise<boolean> {
  const begun = await command('unlock_begin', {});
  const options = { ...begun.options, allow: begun.options.allow.filter((d) => d.id === owner.credential_id) };
  const done = await runOnce({
    what, timeoutMs: options.timeout_ms, ask: (signal) => usePasskey(options, signal),
    hand: (assertion) => command('unlock_finish', { ceremony_id: begun.ceremony.id, assertion }),
  });
  return done !== null;
}

function Ways({ account }: { account: Account }) {
  const t = T();
  const w = words();
  const health = store.health.value?.accounts.find((a) => a.account_id === account.id);
  const guards = account.guardians;
  const network = currentNetwork.value;
  /* What the chain says of its guardians counts as a way in once it was read. */
  useAsk('recovery_status', account.kind === 'passkey' && account.on_chain && network ? { address: account.address, network_id: network.id } : null);
  const owners = account.owners.filter((o) => o.state === 'active' || o.state === 'leaving');
  return (
    <Card title={clean(account.name, 40)} aside={<span class={`chip-state ${account.safe ? 'ok' : 'warn'}`} data-test="verdict" data-safe={account.safe}>{account.safe ? w.safe : w.unsafe}</span>}>
      {health?.reasons.map((r) => <Note key={r.code + Object.values(r.params).join()} level="caution">{sayCoded(t.health, r)}</Note>)}
      {account.kind !== 'passkey' ? <p class="muted">{w.ofVault}</p> : (
        <>
          <ul class="list">{owners.map((o) => {
            const name = clean(o.name, 40);
            const isHere = o.rp_id === location.hostname;
            return <Way key={o.id} icon={o.kind === 'security_key' ? 'usb' : 'fingerprint-pattern'} name={name} provenMs={o.tested_ms} prove={isHere ? () => proveOwner(o, w.forProve(name)) : null} whyNot={isHere ? undefined : w.elsewhere} />;
          })}
            {guards && <Way icon="users" name={w.anyOf(guards.threshold, guards.number)} provenMs={guards.proven_ms} prove={null} whyNot={guards.counts ? w.byPractice : w.noWay} />}
          </ul>
          {owners.length < 2 && <LinkButton to={`accounts/${account.id}`} icon="plus">{w.addWays}</LinkButton>}
        </>
      )}
    </Card>
  );
}

function VaultWays({ vault, onProven }: { vault: Vault; onProven(): void }) {
  const w = words();
  const then = async (done: Promise<boolean>): Promise<boolean> => {
    const isDone = await done;
    onProven();
    return isDone;
  };
  if (vault.state === 'none') {
    return <Card title={w.vault}><p class="muted">{w.noVault}</p><LinkButton to="vault">{T().vault.make}</LinkButton></Card>;
  }
  const passkey = (p: VaultPasskey, i: number) => {
    const name = w.passkey(i + 1);
    return <Way key={p.id} icon="fingerprint-pattern" name={name} provenMs={p.proven_ms} prove={() => then(openWith([p], w.forProve(name)))} />;
  };
  return (
    <Card title={w.vault}>
      <p class="muted">{w.vaultLead}</p>
      <ul class="list">
        {vault.passkeys.map(passkey)}
        {vault.phrase && <Way icon="key" name={w.phrase} provenMs={vault.phrase.proven_ms} prove={null} />}
      </ul>
      {vault.phrase && <Phrase onProven={onProven} />}
      <LinkButton to="vault" icon="plus">{w.addWays}</LinkButton>
    </Card>
  );
}

/** The phrase is typed from the paper; it goes to the key process sealed. */
function Phrase({ onProven }: { onProven(): void }) {
  const w = words();
  const [typed, setTyped] = useState('');
  const doing = useDoing();
  const prove = async (): Promise<void> => {
    const text = typed;
    setTyped('');
    if (await doing.run(() => openByPhrase(text).then(() => true))) {
      say(w.done(w.phrase));
    }
    onProven();
  };
  return (
    <form class="inline-form" onSubmit={(event) => {
      event.preventDefault();
      void prove();
    }}>
      <SecretField label={w.typePhrase} value={typed} onValue={setTyped} rows={2} testId="prove-phrase-text" />
      {doing.error && <ErrorPanel what={w.proveIt(w.phrase)} error={doing.error} />}
      <div class="row"><Button submit busy={doing.busy} disabledWhy={typed.trim() ? undefined : w.typePhrase} label={w.proveIt(w.phrase)} testId="prove-phrase">{w.prove}</Button></div>
    </form>
  );
}

/** Servers keep the sealed vault, each time anew when it is opened by a passkey. */
function Copies({ copies }: { copies: NonNullable<Vault['copies']> }) {
  const w = words();
  const isKept = copies.servers > 0;
  return (
    <Card title={w.copies}>
      <p class="muted">{w.copiesLead}</p>
      <p class={isKept ? 'ok-text' : undefined} data-test="copies" data-servers={copies.servers}>{isKept ? w.copiesKept(copies.servers, due(copies.until_ms)) : w.copiesNone}</p>
    </Card>
  );
}

/** Made, kept elsewhere by the person, and proven by bringing it back. */
function Backup({ backup, onProven }: { backup: NonNullable<Vault['backup']>; onProven(): void }) {
  const w = words();
  const doing = useDoing();
  const make = async (): Promise<void> => {
    const made = await doing.run(makeBackup);
    if (made) {
      say(w.kept(made.accounts, made.contacts));
    }
  };
  const check = async (file: File): Promise<void> => {
    if (await doing.run(() => checkBackup(file))) {
      say(w.done(w.backup));
    }
    onProven();
  };
  return (
    <Card title={w.backup}>
      <p class="muted">{w.backupLead}</p>
      <ul class="list"><Way icon="shield-check" name={w.backup} provenMs={backup.proven_ms} prove={null} whyNot={backup.proven_ms > 0 && !backup.current ? w.older : undefined} /></ul>
      {doing.error && <ErrorPanel what={w.backup} error={doing.error} />}
      <Button icon="shield-check" busy={doing.busy} onPress={() => void make()} testId="make-backup">{w.makeBackup}</Button>
      <FileField label={w.checkBackup} busy={doing.busy} onFile={(file) => void check(file)} testId="check-backup" />
    </Card>
  );
}
