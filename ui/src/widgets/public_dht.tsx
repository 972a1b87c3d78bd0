/* Whether servers are looked for in the public DHT of IPFS: the question, in words that say what that reveals, and its answer. */
import { store } from '../store/store';
import { command, useDoing } from '../store/use';
import { T } from '../text';
import { Button, Card, ErrorPanel } from './basic';

/* question: only while nobody has answered. */
export function PublicDht({ question = false }: { question?: boolean }) {
  const t = T();
  const doing = useDoing();
  const data = store.network.value;
  const state = data?.public_dht ?? 'off';
  if (!data || state === 'off' || (question && state !== 'ask')) {
    return null;
  }
  const isFixed = state !== 'ask' && store.settings.value?.public_dht !== state; /* passmesh.ini says so */
  const set = (public_dht: 'yes' | 'no'): void => void doing.run(async () => {
    store.settings.value = await command('settings_set', { changes: { public_dht } });
    store.network.value = { ...data, public_dht };
  });
  return (
    <Card title={t.publicDht.title}>
      <p>{t.publicDht.what}</p>
      <p>{t.publicDht.reveals}</p>
      {state !== 'ask' && <p class="muted" data-test="public-dht-state">{t.publicDht.state[state]}{isFixed && ` ${t.publicDht.fixed}`}</p>}
      {doing.error && <ErrorPanel what={t.what.save} error={doing.error} />}
      {!isFixed && (
        <div class="actions">
          {state !== 'no' && <Button busy={doing.busy} onPress={() => set('no')} testId="public-dht-no">{t.publicDht.no}</Button>}
          {state !== 'yes' && <Button busy={doing.busy} onPress={() => set('yes')} testId="public-dht-yes">{t.publicDht.yes}</Button>}
        </div>
      )}
    </Card>
  );
}
