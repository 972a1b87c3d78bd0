/* How many passkeys must sign. What is signed is said on the approval screen. */
import type { Account, Methods } from '../../api/generated';
import { due } from '../../format/time';
import { go } from '../../store/go';
import { chainNow, currentNetwork, offers, putOperation } from '../../store/store';
import { command, useDoing } from '../../store/use';
import { accountTexts, T } from '../../text';
import { Button, Card, ErrorPanel } from '../../widgets/basic';

type What = Methods['threshold_prepare']['params']['what'];
const MOST = 4; /* as many as one operation carries */

export function Threshold({ account }: { account: Account }) {
  const t = accountTexts.get().threshold;
  const doing = useDoing();
  const active = account.owners.filter((o) => o.state === 'active' || o.state === 'leaving').length;
  const change = account.threshold_change;
  const ready = change && change.ready_ms <= chainNow();
  const ask = async (what: What, threshold?: number): Promise<void> => {
    const network = currentNetwork.value;
    const operation = network && await doing.run(() => command('threshold_prepare', { account_id: account.id, network_id: network.id, what, speed: 'normal', ...(threshold ? { threshold: String(threshold) } : {}) }));
    if (operation) {
      putOperation(operation);
      go(`approve/${operation.id}`);
    }
  };
  const others = [account.threshold - 1, account.threshold + 1].filter((n) => n >= 1 && n <= Math.min(active, MOST));
  return (
    <Card title={t.title}>
      <p data-test="threshold" data-threshold={account.threshold}><strong>{t.now(account.threshold, active)}</strong></p>
      {change ? <p data-test="threshold-waits">{ready ? t.ready(change.threshold) : t.waits(change.threshold, due(change.ready_ms))} {t.stopHelp}</p> : <p class="muted">{t.why}</p>}
      {doing.error && <ErrorPanel what={T().what.prepare} error={doing.error} />}
      {offers('threshold_prepare') && (
        <div class="row">
          {!change && others.map((n) => <Button key={n} small busy={doing.busy} onPress={() => void ask('begin', n)} testId={`threshold-${n}`}>{t.ask(n)}</Button>)}
          {change && <Button small icon="shield-check" kind="primary" busy={doing.busy} onPress={() => void ask('veto')} testId="threshold-veto">{t.veto}</Button>}
          {ready && <Button small icon="check" busy={doing.busy} onPress={() => void ask('apply')} testId="threshold-apply">{t.apply}</Button>}
        </div>
      )}
    </Card>
  );
}
