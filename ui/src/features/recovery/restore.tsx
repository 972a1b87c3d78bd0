/* A wallet comes back from its backup file: choose the file, open its vault by a passkey or the phrase, and everything is there. */
import { useState } from 'preact/hooks';
import { beginRestore, finishRestore } from '../../store/backup';
import { go } from '../../store/go';
import { say } from '../../store/toast';
import { useDoing } from '../../store/use';
import { openByPhrase, openVault } from '../../store/vault';
import { T } from '../../text';
import { Button, Card, ErrorPanel, Heading, LinkButton, Note } from '../../widgets/basic';
import { SecretField } from '../../widgets/secret';
import { FileField } from './file_field';
import { words } from './words';

export function Restore() {
  const w = words();
  const [isBrought, setBrought] = useState(false);
  const [typed, setTyped] = useState('');
  const doing = useDoing();
  const bring = async (file: File): Promise<void> => {
    if (await doing.run(() => beginRestore(file).then(() => true))) {
      setBrought(true);
    }
  };
  const finish = (open: () => Promise<boolean>): Promise<void> => doing.run(async () => ((await open()) ? finishRestore() : null)).then((back) => {
    if (back) {
      say(w.back(back.accounts, back.contacts));
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
        <p>{w.restoreLead}</p>
        {!isBrought && <FileField label={w.choose} busy={doing.busy} onFile={(file) => void bring(file)} testId="restore-file" />}
        {isBrought && (
          <>
            <Note level="ok">{w.brought}</Note>
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
