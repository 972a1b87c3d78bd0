/* Which version of the contract the account has, and the move to the next. What is signed is said on the approval screen. */
import type { Account, AccountVersion, Methods } from '../../api/generated';
import { due } from '../../format/time';
import { go } from '../../store/go';
import { chainNow, currentNetwork, offers, putOperation } from '../../store/store';
import { command, useDoing } from '../../store/use';
import { accountTexts, T } from '../../text';
import { Button, Card, ErrorPanel, Note } from '../../widgets/basic';
import { GradeBadge } from '../../widgets/figure';

type What = Methods['upgrade_prepare']['params']['what'];

export function Version({ account, version }: { account: Account; version: AccountVersion }) {
  const t = accountTexts.get().version;
  const doing = useDoing();
  const ask = async (what: What): Promise<void> => {
    const network = currentNetwork.value;
    const operation = network && await doing.run(() => command('upgrade_prepare', { account_id: account.id, network_id: network.id, what, speed: 'normal' }));
    if (operation) {
      putOperation(operation);
      go(`approve/${operation.id}`);
    }
  };
  const act = (what: What, label: string, icon: 'shield-check' | 'check' | 'plus', primary = false) => (
    <Button small icon={icon} kind={primary ? 'primary' : undefined} busy={doing.busy} onPress={() => void ask(what)} testId={`upgrade-${what}`}>{label}</Button>
  );
  const ready = version.upgrade === 'waits' && version.ready_ms <= chainNow();
  return (
    <Card title={t.title} aside={<GradeBadge figure={version.checked} />}>
      {version.number === 0 ? <Note level="danger">{t.unknown}</Note> : <p data-test="account-version" data-version={version.number}><strong>{t.is(version.number)}</strong></p>}
      {version.upgrade === 'offered' && <><p>{t.offer}</p><ul class="bullets">{t.brings.map((line) => <li key={line}>{line}</li>)}</ul><p class="muted">{t.stays}</p></>}
      {version.upgrade === 'waits' && <p data-test="upgrade-waits">{ready ? t.ready : t.waits(due(version.ready_ms))} {t.stopHelp}</p>}
      {doing.error && <ErrorPanel what={T().what.prepare} error={doing.error} />}
      {offers('upgrade_prepare') && version.upgrade !== 'none' && (
        <div class="row">
          {version.upgrade === 'offered' && act('begin', t.begin, 'plus')}
          {version.upgrade === 'waits' && act('veto', t.veto, 'shield-check', true)}
          {ready && act('apply', t.apply, 'check')}
        </div>
      )}
    </Card>
  );
}
