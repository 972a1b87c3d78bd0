/* What an ordinary account can do besides sending: its phrase or key, the next account of the phrase, signing a message. */
import { useEffect, useState } from 'preact/hooks';
import { encodeBase64url } from '../../api/base64url';
import type { Account, Methods, Reading } from '../../api/generated';
import { clean } from '../../format/clean';
import { go } from '../../store/go';
import { say } from '../../store/toast';
import { command, useDoing } from '../../store/use';
import { exportAccount, signWithVault, type Exported } from '../../store/vault';
import { T } from '../../text';
import { CopyButton } from '../../widgets/address';
import { Button, Card, ErrorPanel } from '../../widgets/basic';
import { Select, TextField } from '../../widgets/form';
import { SecretField, Words } from '../../widgets/secret';

export function OrdinaryParts({ account }: { account: Account }) {
  return <><Secrets account={account} />{account.kind === 'phrase' && <NextAccount account={account} />}<SignMessage account={account} /></>;
}

function Secrets({ account }: { account: Account }) {
  const t = T();
  const [shown, setShown] = useState<Exported | null>(null);
  const [password, setPassword] = useState('');
  const doing = useDoing();
  useEffect(() => () => setShown(null), []);
  const show = async (what: 'phrase' | 'key', secret: string): Promise<void> => {
    setPassword('');
    setShown(await doing.run(() => exportAccount(account.id, what, secret)));
  };
  return (
    <Card title={t.ordinary.secrets}>
      <p class="muted">{t.ordinary.secretsLead}</p>
      {shown ? <Words text={shown.text} onDone={() => setShown(null)} /> : (
        <>
          <div class="row">
            {account.kind === 'phrase' && <Button busy={doing.busy} onPress={() => void show('phrase', '')} testId="show-phrase">{t.ordinary.showPhrase}</Button>}
            <Button busy={doing.busy} onPress={() => void show('key', '')} testId="show-key">{t.ordinary.showKey}</Button>
          </div>
          <SecretField label={t.ordinary.filePassword} value={password} onValue={setPassword} help={t.ordinary.fileHelp} testId="file-password" />
          <div class="row"><Button busy={doing.busy} disabledWhy={password ? undefined : t.ordinary.filePassword} onPress={() => void show('key', password)} testId="show-file">{t.ordinary.showFile}</Button></div>
        </>
      )}
      {doing.error && <ErrorPanel what={t.ordinary.secrets} error={doing.error} />}
    </Card>
  );
}

function NextAccount({ account }: { account: Account }) {
  const t = T();
  const [name, setName] = useState('');
  const doing = useDoing();
  const derive = async (): Promise<void> => {
    const next = await doing.run(async () => command('ordinary_derive', { account_id: account.id, name: name.trim() }));
    if (next) {
      say(t.ordinary.added);
      go(`accounts/${next.id}`);
    }
  };
  return (
    <Card title={t.ordinary.next}>
      <p class="muted">{t.ordinary.nextLead(account.path ?? '')}</p>
      <TextField label={t.start.accountName} value={name} onValue={setName} testId="next-name" />
      {doing.error && <ErrorPanel what={t.ordinary.adding} error={doing.error} />}
      <div class="row"><Button busy={doing.busy} disabledWhy={name.trim() ? undefined : t.common.name} onPress={() => void derive()} testId="next-account">{t.common.add}</Button></div>
    </Card>
  );
}

type MessageKind = Methods['message_sign_begin']['params']['kind'];

function rowsOf(reading: Reading): [string, string][] {
  const t = T();
  if (reading.kind === 'message') {
    return [[t.ordinary.read.length, String(reading.bytes ?? 0)], [t.ordinary.read.text, reading.is_text ? t.ordinary.read.yes : t.ordinary.read.no]];
  }
  const rows: [string, string][] = [[t.ordinary.read.type, clean(reading.primary_type ?? '', 60)], [t.ordinary.read.domain, clean(reading.domain_name ?? '', 60)]];
  if (reading.domain_chain_id !== undefined) {
    rows.push([t.approve.fields.chain_id, String(reading.domain_chain_id)]);
  }
  if (reading.contract) {
    rows.push([t.ordinary.read.contract, reading.contract]);
  }
  return rows;
}

function SignMessage({ account }: { account: Account }) {
  const t = T();
  const [kind, setKind] = useState<MessageKind>('message');
  const [text, setText] = useState('');
  const [signature, setSignature] = useState('');
  const doing = useDoing();
  const sign = async (): Promise<void> => {
    setSignature('');
    const payload = encodeBase64url(new TextEncoder().encode(text));
    const made = await doing.run(() => signWithVault(
      () => command('message_sign_begin', { account_id: account.id, kind, payload }), t.ordinary.forMessage(clean(text, 60)), rowsOf,
      (assertion) => command('message_sign_finish', { assertion }),
    ));
    if (made) {
      setSignature(made.signature);
    }
  };
  return (
    <Card title={t.ordinary.sign}>
      <Select label={t.ordinary.messageKind} value={kind} options={[['message', t.ordinary.message], ['typed_data', t.ordinary.typedData]]} onValue={(v) => setKind(v)} testId="message-kind" />
      <TextField label={kind === 'message' ? t.ordinary.message : t.ordinary.typedData} value={text} onValue={(v) => {
        setText(v);
        setSignature('');
      }} rows={3} max={12000} mono={kind === 'typed_data'} testId="message-text" help={t.ordinary.signHelp} />
      {doing.error && <ErrorPanel what={t.ordinary.sign} error={doing.error} />}
      <div class="row"><Button icon="fingerprint-pattern" busy={doing.busy} disabledWhy={text ? undefined : t.ordinary.message} onPress={() => void sign()} testId="sign-message">{t.ordinary.sign}</Button></div>
      {signature && <><p class="mono wrap" data-test="signature">{signature}</p><CopyButton small text={signature} label={t.common.copy} /></>}
    </Card>
  );
}
