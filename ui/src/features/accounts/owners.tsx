/* The ways into an account: who may sign, who leaves, and one more. What each does is said on the approval screen. */
import { useEffect, useState } from 'preact/hooks';
import type { Account, Methods, Owner } from '../../api/generated';
import { createPasskey, hasPlatformAuthenticator } from '../../api/webauthn';
import { clean } from '../../format/clean';
import { due, moment } from '../../format/time';
import { runCeremony } from '../../store/ceremony';
import { go } from '../../store/go';
import { chainNow, currentNetwork, now, offers, putOperation, store } from '../../store/store';
import { say } from '../../store/toast';
import { command, useDoing } from '../../store/use';
import { T } from '../../text';
import { Button, Card, ErrorPanel, Icon, Note } from '../../widgets/basic';
import { Choice, TextField } from '../../widgets/form';

type Where = Methods['owner_add_begin']['params']['where'];
type What = Methods['owner_prepare']['params']['what'];

const mayAct = (o: Owner): boolean => o.kind !== 'cosigner' && (o.state === 'active' || o.state === 'leaving');

export function Owners({ account }: { account: Account }) {
  const t = T();
  const [isAdding, setAdding] = useState(false);
  const active = account.owners.filter(mayAct).length;
  const waiting = account.owners.some((o) => o.kind !== 'cosigner' && o.state === 'waiting');
  return (
    <Card title={t.accounts.ways} aside={!isAdding && offers('owner_add_begin') && <Button small icon="plus" onPress={() => setAdding(true)} testId="add-owner">{t.owners.add}</Button>}>
      {account.unknown_owners !== undefined && <Note level="danger">{t.owners.unknown(account.unknown_owners)}</Note>}
      {active < 2 && <Note level="caution">{waiting ? t.owners.finish : t.owners.onlyOne}</Note>}
      {isAdding && <AddOwner account={account} onDone={() => setAdding(false)} />}
      <ul class="list" data-test="owners">{account.owners.map((o) => <OwnerRow key={o.id} account={account} owner={o} active={active} />)}</ul>
    </Card>
  );
}

function AddOwner({ account, onDone }: { account: Account; onDone(): void }) {
  const t = T();
  const [where, setWhere] = useState<Where>('any');
  const [name, setName] = useState(`${t.start.keyDefault} ${account.owners.length + 1}`);
  const [hasDevice, setHasDevice] = useState(true);
  const doing = useDoing();
  useEffect(() => void hasPlatformAuthenticator().then(setHasDevice), []);
  const resume = store.status.value?.ceremonies.find((c) => c.kind === 'owner' && c.account_id === account.id);
  const make = async (): Promise<void> => {
    const made = await doing.run(async () => {
      const begun = await command('owner_add_begin', { account_id: account.id, where, ...(resume ? { resume: resume.id } : {}) });
      return runCeremony({
        what: t.owners.forWhat(clean(account.name, 40)), timeoutMs: begun.options.timeout_ms,
        ask: (signal) => createPasskey(begun.options, signal),
        hand: (response) => command('owner_add_finish', { ceremony_id: begun.ceremony.id, passkey_name: name.trim(), response }),
      });
    });
    if (made) {
      say(t.owners.made);
      onDone();
    }
  };
  return (
    <form class="inline-form" onSubmit={(event) => {
      event.preventDefault();
      void make();
    }}>
      <Choice label={t.start.where} value={where} onValue={(v) => setWhere(v)} options={[
        { value: 'any', label: t.start.any, help: t.start.anyHelp, icon: 'fingerprint-pattern' },
        { value: 'this_device', label: t.start.device, help: t.start.deviceHelp, icon: 'laptop', deadWhy: hasDevice ? undefined : t.start.noDevice },
        { value: 'phone', label: t.start.phone, help: t.start.phoneHelp, icon: 'smartphone' },
        { value: 'security_key', label: t.start.securityKey, help: t.start.securityKeyHelp, icon: 'usb' },
      ]} />
      <TextField label={t.start.keyName} value={name} onValue={setName} testId="owner-name" />
      <p class="muted">{t.owners.addHelp}</p>
      {doing.error && <ErrorPanel what={t.what.create} error={doing.error} retry={() => void make()} />}
      <div class="row">
        <Button submit kind="primary" icon="fingerprint-pattern" busy={doing.busy} disabledWhy={name.trim() ? undefined : t.common.name} testId="make-owner">{t.start.makePasskey}</Button>
        <Button onPress={onDone}>{t.common.cancel}</Button>
      </div>
    </form>
  );
}

function OwnerRow({ account, owner, active }: { account: Account; owner: Owner; active: number }) {
  const t = T();
  const [name, setName] = useState<string | null>(null);
  const doing = useDoing();
  const shown = clean(owner.name, 40);
  const ask = async (what: What): Promise<void> => {
    const network = currentNetwork.value;
    const operation = network && await doing.run(() => command('owner_prepare', { account_id: account.id, network_id: network.id, owner_id: owner.id, what, speed: 'normal' }));
    if (operation) {
      putOperation(operation);
      go(`approve/${operation.id}`);
    }
  };
  const rename = async (): Promise<void> => {
    if (await doing.run(() => command('owner_rename', { account_id: account.id, owner_id: owner.id, name: name!.trim() }))) {
      setName(null);
      say(t.common.saved);
    }
  };
  const elsewhere = owner.chains.filter((c) => c.network_id !== currentNetwork.value?.id && (c.state === 'active' || c.state === 'leaving'));
  const ready = owner.state === 'leaving' && owner.ready_ms <= chainNow();
  const act = (what: What, label: string, icon: 'plus' | 'trash' | 'shield-check' | 'check', primary = false) => (
    <Button small icon={icon} kind={primary ? 'primary' : undefined} busy={doing.busy} onPress={() => void ask(what)} label={`${label}: ${shown}`} testId={`owner-${what}`}>{label}</Button>
  );
  return (
    <li class="owner" data-test="owner" data-state={owner.state}>
      <Icon name={owner.kind === 'security_key' ? 'usb' : owner.kind === 'passkey' ? 'fingerprint-pattern' : 'key'} large />
      <span class="row-main">
        <strong><bdi>{shown}</bdi></strong>
        <span class={`chip-state ${owner.state === 'active' ? 'ok' : owner.state === 'gone' ? 'quiet' : 'warn'}`}>{t.owners.states[owner.state]}</span>
        <span class="muted">{t.accounts.kinds[owner.kind]}{owner.kind !== 'cosigner' && <> · {owner.synced ? t.accounts.synced : t.accounts.onlyHere} · {t.accounts.worksAt(owner.rp_id)}</>}</span>
        {owner.kind !== 'cosigner' && <span class="muted">{t.accounts.lastUsed}: {owner.last_used_ms ? moment(owner.last_used_ms, now.value, t) : t.accounts.never} · {owner.tested_ms ? t.accounts.tested(moment(owner.tested_ms, now.value, t)) : t.accounts.neverTested}</span>}
        {owner.state === 'waiting' && <span>{t.owners.waitingHelp}</span>}
        {owner.state === 'leaving' && <span>{ready ? t.owners.ready : t.owners.leaves(due(owner.ready_ms))} {t.owners.leavingHelp}</span>}
        {owner.state === 'gone' && elsewhere.length > 0 && <span>{t.owners.stillOn(elsewhere.map((c) => clean(store.networks.value.find((n) => n.id === c.network_id)?.name ?? c.network_id, 40)).join(', '))}</span>}
        {name !== null && (
          <form class="inline-form" onSubmit={(event) => {
            event.preventDefault();
            void rename();
          }}>
            <TextField label={t.common.name} value={name} onValue={setName} testId="owner-rename" />
            <div class="row"><Button submit kind="primary" busy={doing.busy} disabledWhy={name.trim() ? undefined : t.common.name}>{t.common.save}</Button><Button onPress={() => setName(null)}>{t.common.cancel}</Button></div>
          </form>
        )}
        {doing.error && <ErrorPanel what={t.what.prepare} error={doing.error} />}
        {name === null && offers('owner_prepare') && (
          <span class="row">
            {owner.state === 'waiting' && owner.kind !== 'cosigner' && act('add', t.owners.putOnChain, 'plus', true)}
            {owner.state === 'leaving' && act('veto', t.owners.veto, 'shield-check', true)}
            {ready && act('apply', t.owners.apply, 'check')}
            {owner.state === 'active' && active > 1 && account.on_chain && act('remove', t.owners.remove, 'trash')}
            <Button small icon="pencil" onPress={() => setName(owner.name)} label={t.accounts.rename(shown)}>{t.common.rename}</Button>
            {owner.added && owner.kind !== 'cosigner' && !mayAct(owner) && <Button small icon="trash" busy={doing.busy} onPress={() => void doing.run(() => command('owner_forget', { account_id: account.id, owner_id: owner.id }))}
              label={`${t.owners.forget}: ${shown}`} testId="owner-forget">{t.owners.forget}</Button>}
          </span>
        )}
      </span>
    </li>
  );
}
