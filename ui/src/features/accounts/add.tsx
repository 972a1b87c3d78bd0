/* Another account: a passkey's, a new phrase, a phrase, key or key file of another wallet, an address to watch. */
import { useState } from 'preact/hooks';
import { ApiError } from '../../api/errors';
import { go } from '../../store/go';
import { store } from '../../store/store';
import { say } from '../../store/toast';
import { command, useDoing } from '../../store/use';
import { createAccount, importAccount, importBytes, type ImportKind } from '../../store/vault';
import { T } from '../../text';
import { Button, Card, ErrorPanel, Heading, LinkButton, Note } from '../../widgets/basic';
import { Choice, Select, TextField } from '../../widgets/form';
import { SecretField } from '../../widgets/secret';

type Way = 'new' | ImportKind | 'watch';

function badKey(): never {
  throw new ApiError('secret_key', {}, ['fix_input'], '');
}

export function AddAccount() {
  const t = T();
  const [way, setWay] = useState<Way>('new');
  const [name, setName] = useState('');
  const [words, setWords] = useState('12');
  const [secret, setSecret] = useState('');
  const [password, setPassword] = useState('');
  const [address, setAddress] = useState('');
  const doing = useDoing();
  const needsVault = way !== 'watch' && store.status.value?.vault === 'none';
  const forget = (): void => {
    setSecret('');
    setPassword('');
  };
  const add = async (): Promise<void> => {
    const account = await doing.run(async () => {
      if (way === 'watch') {
        return command('watch_add', { name: name.trim(), address: address.trim() });
      }
      if (way === 'new') {
        return createAccount(name.trim(), Number.parseInt(words, 10));
      }
      const bytes = importBytes(way, secret, password) ?? badKey();
      return importAccount(name.trim(), way, bytes);
    });
    if (account) {
      forget();
      say(t.ordinary.added);
      go(`accounts/${account.id}`);
    }
  };
  const missing = !name.trim() ? t.common.name : way === 'watch' && !/^0x[0-9a-fA-F]{40}$/.test(address.trim()) ? t.send.missingTo
    : way !== 'new' && way !== 'watch' && !secret.trim() ? t.ordinary.ways[way] : undefined;
  return (
    <div class="narrow wide-narrow">
      <Heading>{t.accounts.add}</Heading>
      <Card>
        <p>{t.ordinary.passkeyBetter}</p>
        <div class="row"><LinkButton to="start" icon="fingerprint-pattern">{t.ordinary.passkeyAccount}</LinkButton></div>
      </Card>
      <form onSubmit={(event) => {
        event.preventDefault();
        if (!missing && !needsVault) {
          void add();
        }
      }}>
        <Card title={t.ordinary.title}>
          <p class="muted">{t.ordinary.lead}</p>
          <Choice label={t.ordinary.how} value={way} onValue={(v) => {
            forget();
            setWay(v);
          }} options={(['new', 'phrase', 'key', 'file', 'watch'] as const).map((value) => ({ value, label: t.ordinary.ways[value], help: t.ordinary.help[value] }))} />
          {needsVault && <Note level="info"><p>{t.ordinary.needsVault}</p><LinkButton to="vault" kind="primary" testId="to-vault">{t.vault.makeIt}</LinkButton></Note>}
          <TextField label={t.start.accountName} value={name} onValue={setName} testId="add-name" />
          {way === 'new' && <Select label={t.ordinary.words} value={words} options={[['12', '12'], ['24', '24']]} onValue={setWords} testId="add-words" />}
          {(way === 'phrase' || way === 'key' || way === 'file') && <SecretField label={t.ordinary.ways[way]} value={secret} onValue={setSecret} rows={way === 'key' ? 2 : 3} help={t.ordinary.sealed} testId="add-secret" />}
          {way === 'file' && <SecretField label={t.ordinary.password} value={password} onValue={setPassword} testId="add-password" />}
          {way === 'watch' && <TextField label={t.common.address} value={address} onValue={setAddress} max={42} rows={2} mono testId="add-address" />}
          {doing.error && <ErrorPanel what={t.ordinary.adding} error={doing.error} />}
          <div class="actions">
            <LinkButton to="accounts" icon="arrow-left">{t.common.back}</LinkButton>
            <Button submit kind="primary" busy={doing.busy} disabledWhy={needsVault ? t.ordinary.needsVault : missing} testId="add-account">{t.common.add}</Button>
          </div>
        </Card>
      </form>
    </div>
  );
}
