/* Taking the server away: its identity and earnings stay unless the person says otherwise. */
import { useState } from 'preact/hooks';
import type { PluginState } from '../../api/generated';
import { command, useDoing } from '../../store/use';
import { Button, Card, ErrorPanel, Note } from '../../widgets/basic';
import { Dialog } from '../../widgets/dialog';
import { Switch } from '../../widgets/form';
import { etherText } from './costs';
import { T } from '../../text/with_server';

export function RemoveCard({ p }: { p: PluginState }) {
  const t = T();
  const [isOpen, setOpen] = useState(false);
  return (
    <Card title={t.server.remove.title}>
      <p class="muted">{t.server.remove.lead}</p>
      <div class="row"><Button kind="danger" icon="trash" onPress={() => setOpen(true)} testId="remove">{t.server.remove.button}</Button></div>
      {isOpen && <RemoveDialog p={p} close={() => setOpen(false)} />}
    </Card>
  );
}

function RemoveDialog({ p, close }: { p: PluginState; close(): void }) {
  const t = T();
  const r = t.server.remove;
  const doing = useDoing();
  const [keeps, setKeeps] = useState(true);
  const remove = async (): Promise<void> => {
    if (await doing.run(() => command('plugin_remove', { keep_data: keeps }))) {
      close();
    }
  };
  return (
    <Dialog title={r.title} onClose={close}>
      <p>{r.what}</p>
      <Switch label={r.keep} help={r.keepHelp} value={keeps} onValue={setKeeps} />
      {!keeps && <Note level="danger">{r.lose(p.run?.balance ? etherText(p.run.balance) : t.server.unknown)}</Note>}
      {doing.error && <ErrorPanel what={r.title} error={doing.error} />}
      <div class="row"><Button onPress={close}>{t.common.cancel}</Button><Button kind="danger" busy={doing.busy} onPress={() => void remove()} testId="remove-now">{r.button}</Button></div>
    </Dialog>
  );
}
