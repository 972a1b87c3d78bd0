/* What guardians can be asked for besides help: practice, to take their recovery back, to hold the account. */
import type { Recovery } from '../../api/generated';
import { readRecovery } from '../../store/recovery';
import { chainNow, offers, store } from '../../store/store';
import { command, useDoing } from '../../store/use';
import { guardianTexts } from '../../text';
import { Button, ErrorPanel } from '../../widgets/basic';
import { Gathering } from './gathering';

type Wish = NonNullable<Recovery['asks']>['what'];

export function Wishes({ seen, onSeen }: { seen: Recovery; onSeen(): void }) {
  const t = guardianTexts.get();
  const doing = useDoing();
  const isOwn = store.accounts.value?.accounts.some((a) => a.id === seen.account_id && a.kind === 'passkey');
  const isUnderWay = seen.state === 'under_way';
  const may: Record<Wish, boolean> = { practice: !!isOwn && !isUnderWay, cancel: isUnderWay, hold: seen.held_ms <= chainNow() };
  const ask = (what: Wish): void => void doing.run(() => readRecovery(seen.address, seen.network_id)
    .then(() => command('guardians_ask', { account_id: seen.account_id!, network_id: seen.network_id, what })).then(onSeen));
  if (seen.guardians.length === 0 || !offers('guardians_ask')) {
    return null;
  }
  return (
    <div data-test="wishes">
      {seen.asks && <div class="inline-form"><Gathering seen={seen} onSeen={onSeen} request={seen.asks} what={seen.asks.what} /></div>}
      <p class="muted">{t.wishHelp}</p>
      <div class="row">
        {(Object.keys(may) as Wish[]).map((what) => may[what] && <Button key={what} small busy={doing.busy} onPress={() => ask(what)} testId={`ask-${what}`}>{t.wishes[what].ask}</Button>)}
      </div>
      {doing.error && <ErrorPanel what={t.asking} error={doing.error} />}
    </div>
  );
}
