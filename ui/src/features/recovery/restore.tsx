/* A wallet comes back: from its backup file, or with nothing but a passkey from a server that kept the sealed vault. Either way its vault is then opened by a passkey or the phrase. */
import { useState } from 'preact/hooks';
import { beginRestore, finishRestore } from '../../store/backup';
import { go } from '../../store/go';
import { say } from '../../store/toast';
import { useDoing } from '../../store/use';
import { findVault, openByPhrase, openVault } from '../../store/vault';
import { T } from '../../text';
import { Button, Card, ErrorPanel, Heading, LinkButton, Note } from '../../widgets/basic';
import { SecretField } from '../../widgets/secret';
import { FileField } from './file_field';
import { words } from './words';

export function Restore() {
  const w = words();
  const [brought, setBrought] = useState<'file' | 'copy' | null>(null);
  const [typed, setTyped] = useState('');
  const doing = useDoing();
  const bring = async (file: File): Promise<void> => {
    if (await doing.run(() => beginRestore(file).then(() => true))) {
      setBrought('file');
    }
  };
  const find = async (): Promise<void> => {
    if (await doing.run(() => findVault(w.forFind))) {
      setBrought('copy');
    }
  };
  /* A file holds more than the vault; of a copy, the accounts come with the opening. */
  const take = (): Promise<string> => (brought === 'file' ? finishRestore().then((back) => w.back(back.accounts, back.contacts)) : Promise.resolve(w.backCopy));
  const finish = (open: () => Promise<boolean>): Promise<void> => doing.run(async () => ((await open()) ? take() : null)).then((said) => {
    if (said) {
      say(said);
      go('accounts');
    }
  });
  const byPhrase = (): Promise<void> => finish(() => {
    const text = typed;
    setTyped('');
    return openByPhrase(text).then(() => true);
  });
  return (
    <div class="narrow" data-test="restore">
      <Heading>{w.restore}</Heading>
      <Card>
        {!brought && (
          <>
            <p>{w.findLead}</p>
            <Button kind="primary" icon="fingerprint-pattern" busy={doing.busy} onPress={() => void find()} testId="restore-find">{w.find}</Button>
            <p>{w.restoreLead}</p>
            <FileField label={w.choose} busy={doing.busy} onFile={(file) => void bring(file)} testId="restore-file" />
          </>
        )}
        {brought && (
          <>
            <Note level="ok">{brought === 'file' ? w.brought : w.found}</Note>
            <Button kind="primary" icon="fingerprint-pattern" busy={doing.busy} onPress={() => void finish(openVault)} testId="restore-passkey">{w.openIt}</Button>
            <form class="inline-form" onSubmit={(event) => {
              event.preventDefault();
              void byPhrase();
            }}>
              <SecretField label={w.typePhrase} value={typed} onValue={setTyped} rows={2} testId="restore-phrase-text" />
              <div class="row"><Button submit busy={doing.busy} disabledWhy={typed.trim() ? undefined : w.typePhrase} testId="restore-phrase">{w.byPhrase}</Button></div>
            </form>
          </>
        )}
        {doing.error && <ErrorPanel what={w.restore} error={doing.error} />}
        <LinkButton to="start" icon="arrow-left">{T().common.back}</LinkButton>
      </Card>
    </div>
  );
}
