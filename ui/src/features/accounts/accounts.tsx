/* Accounts, the ways into one, and contacts. */
import { useState } from 'preact/hooks';
import type { Account } from '../../api/generated';
import { clean } from '../../format/clean';
import { offers, store } from '../../store/store';
import { say } from '../../store/toast';
import { command, useAsk, useDoing } from '../../store/use';
import { accountTexts, sayCoded, T } from '../../text';
import { Address, CopyButton, Identicon } from '../../widgets/address';
import { Button, Card, Empty, ErrorPanel, Heading, Icon, LinkButton, Note, Skeleton } from '../../widgets/basic';
import { TextField } from '../../widgets/form';
import { lazy } from '../../widgets/lazy';

const Owners = lazy(() => import('./owners').then((m) => m.Owners));
const Cosigner = lazy(() => Promise.all([import('./cosigner'), accountTexts.load()]).then(([m]) => m.Cosigner));
const Chains = lazy(() => Promise.all([import('./chains'), accountTexts.load()]).then(([m]) => m.Chains));
const Sessions = lazy(() => Promise.all([import('./sessions'), accountTexts.load()]).then(([m]) => m.Sessions));
const Limits = lazy(() => Promise.all([import('./limits'), accountTexts.load()]).then(([m]) => m.Limits));
const Threshold = lazy(() => Promise.all([import('./threshold'), accountTexts.load()]).then(([m]) => m.Threshold));
const Version = lazy(() => Promise.all([import('./version'), accountTexts.load()]).then(([m]) => m.Version));
const OrdinaryParts = lazy(() => import('./ordinary').then((m) => m.OrdinaryParts));

export function Accounts() {
  const t = T();
  const accounts = store.accounts.value?.accounts;
  return (
    <>
      <Heading aside={offers('account_create_begin') && <LinkButton to="accounts/add" icon="plus" testId="go-add">{t.accounts.add}</LinkButton>}>{t.accounts.title}</Heading>
      {accounts ? accounts.map((a) => <AccountCard key={a.id} account={a} />) : <Card busy><Skeleton what={t.what.accounts} /></Card>}
      <VaultCard />
      <Contacts />
    </>
  );
}

function Safety({ account }: { account: Account }) {
  const t = T();
  return <span class={`chip-state ${account.safe ? 'ok' : 'warn'}`}><Icon name={account.safe ? 'shield-check' : 'triangle-alert'} />{account.safe ? t.accounts.safe : t.accounts.unsafe}</span>;
}

function kindText(account: Account): string {
  const t = T();
  switch (account.kind) {
    case 'passkey': return t.accounts.waysCount(account.owners.filter((o) => o.state === 'active' || o.state === 'leaving').length);
    case 'watch': return t.accounts.watch;
    case 'phrase': return t.ordinary.ofPhrase(account.path ?? '');
    case 'key': return t.ordinary.ofKey;
  }
}

function VaultCard() {
  const t = T();
  const state = store.status.value?.vault;
  if (!state || !offers('vault_status')) {
    return null;
  }
  return (
    <Card title={t.vault.title} aside={<LinkButton to="vault" icon="key" testId="go-vault">{t.vault.look}</LinkButton>}>
      <p class="muted">{state === 'none' ? t.vault.none : state === 'open' ? t.vault.isOpen : t.vault.isLocked}</p>
    </Card>
  );
}

function AccountCard({ account }: { account: Account }) {
  const t = T();
  const doing = useDoing();
  return (
    <Card className="account">
      <div class="account-head">
        <Identicon address={account.address} />
        <h2 class="grow"><a href={`#/accounts/${account.id}`} aria-label={t.accounts.open(clean(account.name, 40))}><bdi>{clean(account.name, 40)}</bdi></a></h2>
        {account.selected ? <span class="chip-state info"><Icon name="check" />{t.accounts.selected}</span>
          : <Button small busy={doing.busy} onPress={() => void doing.run(() => command('account_select', { account_id: account.id }))}>{t.accounts.use}</Button>}
      </div>
      <p><Address value={account.address} /></p>
      <div class="row"><CopyButton small text={account.address} label={t.address.copy} />{account.kind === 'passkey' && <Safety account={account} />}
        <span class="muted">{kindText(account)}{account.kind === 'passkey' && ` · ${account.on_chain ? t.accounts.onChain : t.accounts.notOnChain}`}</span></div>
      {doing.error && <ErrorPanel what={t.what.select} error={doing.error} />}
    </Card>
  );
}

export function AccountScreen({ id }: { id: string }) {
  const t = T();
  const account = store.accounts.value?.accounts.find((a) => a.id === id);
  const health = store.health.value?.accounts.find((a) => a.account_id === id);
  const [name, setName] = useState<string | null>(null);
  const doing = useDoing();
  if (!account) {
    return <><Heading>{t.accounts.title}</Heading><Card>{store.accounts.value ? <Empty text={t.error.unknown_account({} as never)}><LinkButton to="accounts">{t.nav.accounts}</LinkButton></Empty> : <Skeleton what={t.what.accounts} />}</Card></>;
  }
  const rename = async (): Promise<void> => {
    if (await doing.run(() => command('account_rename', { account_id: id, name: name!.trim() }))) {
      setName(null);
      say(t.common.saved);
    }
  };
  return (
    <div class="narrow wide-narrow">
      <Heading aside={name === null && <Button icon="pencil" small onPress={() => setName(account.name)} label={t.accounts.rename(clean(account.name, 40))}>{t.common.rename}</Button>}><bdi>{clean(account.name, 40)}</bdi></Heading>
      <Card>
        {name !== null && (
          <form class="inline-form" onSubmit={(event) => {
            event.preventDefault();
            void rename();
          }}>
            <TextField label={t.common.name} value={name} onValue={setName} />
            <div class="row"><Button submit kind="primary" busy={doing.busy} disabledWhy={name.trim() ? undefined : t.common.name}>{t.common.save}</Button><Button onPress={() => setName(null)}>{t.common.cancel}</Button></div>
          </form>
        )}
        {doing.error && <ErrorPanel what={t.what.save} error={doing.error} />}
        <p class="party"><Identicon address={account.address} /><Address value={account.address} /></p>
        <div class="row"><CopyButton text={account.address} label={t.address.copy} />{account.kind === 'passkey' && <Safety account={account} />}{account.kind !== 'passkey' && <span class="muted">{kindText(account)}</span>}</div>
        {health?.reasons.map((r) => <Note key={r.code + JSON.stringify(r.params)} level="caution">{sayCoded(t.health, r)}</Note>)}
      </Card>
      {account.kind === 'passkey' && <Owners account={account} />}
      {account.kind === 'passkey' && <Chains account={account} />}
      {account.on_chain && (account.threshold > 1 || account.owners.filter((o) => o.state === 'active').length > 1) && <Threshold account={account} />}
      {account.version && <Version account={account} version={account.version} />}
      {(account.cosigner || account.cosigner_wish) && <Cosigner account={account} />}
      {account.limits && <Limits account={account} limits={account.limits} />}
      {account.limits && <Sessions account={account} assets={account.limits.list.map((l) => l.asset)} />}
      {(account.kind === 'phrase' || account.kind === 'key') && <OrdinaryParts account={account} />}
      <div class="actions"><LinkButton to="accounts" icon="arrow-left">{t.nav.accounts}</LinkButton></div>
    </div>
  );
}

function Contacts() {
  const t = T();
  const asked = useAsk('contacts_list', {});
  const [isAdding, setAdding] = useState(false);
  const doing = useDoing();
  const remove = async (id: string): Promise<void> => {
    if (await doing.run(() => command('contacts_remove', { contact_id: id }))) {
      say(t.accounts.contactRemoved);
      asked.reload();
    }
  };
  return (
    <Card title={t.accounts.contacts} busy={!asked.data && !asked.error} aside={!isAdding && <Button small icon="plus" onPress={() => setAdding(true)} testId="add-contact">{t.accounts.addContact}</Button>}>
      {isAdding && <AddContact onDone={(added) => {
        setAdding(false);
        if (added) {
          say(t.accounts.contactAdded);
          asked.reload();
        }
      }} />}
      {asked.error && <ErrorPanel what={t.what.contacts} error={asked.error} retry={asked.reload} />}
      {doing.error && <ErrorPanel what={t.what.save} error={doing.error} />}
      {!asked.data && !asked.error && <Skeleton what={t.what.contacts} />}
      {asked.data?.contacts.length === 0 && !isAdding && <Empty text={t.accounts.noContacts} />}
      <ul class="list">
        {asked.data?.contacts.map((c) => (
          <li key={c.id} class="owner">
            <Identicon address={c.address} />
            <span class="row-main"><strong><bdi>{clean(c.name, 40)}</bdi></strong><Address value={c.address} /><span class="muted">{t.accounts.sentCount(c.sent_count)}</span></span>
            <button type="button" class="icon-button" aria-label={t.accounts.removeContact(clean(c.name, 40))} onClick={() => void remove(c.id)}><Icon name="trash" /></button>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function AddContact({ onDone }: { onDone(added: boolean): void }) {
  const t = T();
  const [name, setName] = useState('');
  const [address, setAddress] = useState('');
  const doing = useDoing();
  const text = address.trim();
  const account = store.status.value?.account_id;
  const network = store.status.value?.network_id;
  const checked = useAsk('address_check', text && account && network ? { text, account_id: account, network_id: network } : null, 200);
  const check = text && !checked.busy ? checked.data : null;
  const add = async (): Promise<void> => {
    if (await doing.run(() => command('contacts_add', { name: name.trim(), address: check!.address! }))) {
      onDone(true);
    }
  };
  const why = !name.trim() ? t.common.name : !check?.address ? t.send.missingTo : undefined;
  return (
    <form class="inline-form" onSubmit={(event) => {
      event.preventDefault();
      if (!why) {
        void add();
      }
    }}>
      <TextField label={t.common.name} value={name} onValue={setName} testId="contact-name" />
      <TextField label={t.common.address} value={address} onValue={(v) => setAddress(v.replace(/\s+/g, ''))} rows={2} mono max={256} testId="contact-address"
        help={check?.ok ? t.send.good : t.send.toHelp} error={check?.error ? sayCoded(t.error, check.error) : undefined} />
      {check?.risks.map((r) => <Note key={r.id} level={r.level}>{sayCoded(t.risk, r)}</Note>)}
      {doing.error && <ErrorPanel what={t.what.save} error={doing.error} />}
      <div class="row"><Button submit kind="primary" busy={doing.busy} disabledWhy={why}>{t.common.add}</Button><Button onPress={() => onDone(false)}>{t.common.cancel}</Button></div>
    </form>
  );
}
