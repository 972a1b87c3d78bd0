/* The owners on every chain: where a removed passkey is still valid, and what brings a chain up to date. */
import { call } from '../../api/client';
import type { Account, OwnerChain } from '../../api/generated';
import { usePasskey } from '../../api/webauthn';
import { clean } from '../../format/clean';
import { due, moment } from '../../format/time';
import { currentNetwork, now, offers, store } from '../../store/store';
import { command, useAsk } from '../../store/use';
import { runOnce } from '../../store/vault';
import { accountTexts, T } from '../../text';
import { Button, Card, ErrorPanel, Note } from '../../widgets/basic';
import { GradeBadge } from '../../widgets/figure';
import { usePrepare } from './limits';

export function Chains({ account }: { account: Account }) {
  const t = accountTexts.get().chains;
  const doing = usePrepare(account);
  const asked = useAsk('owner_chains', { account_id: account.id }, 0, JSON.stringify([account.revoked, account.owners]));
  const rows = asked.data?.chains.filter((c) => c.checked && c.state !== 'absent') ?? [];
  if (rows.length + (asked.data?.changes.length ?? 0) < 2) {
    return null;
  }
  const sign = (id: string) => doing.run(async () => {
    const ask = { account_id: account.id, change_id: id, what: 'change' as const };
    const { options } = await command('change_sign_begin', ask);
    await runOnce({ what: t.forSign, timeoutMs: options.timeout_ms, ask: (signal) => usePasskey(options, signal), hand: (assertion) => command('change_sign_finish', { ...ask, assertion }) });
    asked.reload();
    return null;
  });
  const carry = (c: OwnerChain) => doing.run(async (own) => {
    await call('owner_chains', { account_id: account.id, network_id: c.network_id });
    return command('change_prepare', { ...own, payer_id: account.id, what: c.state === 'waits' ? 'apply' : 'carry' });
  });
  const row = (c: OwnerChain) => (
    <li key={c.network_id} data-test="chain" data-state={c.state}>
      <p><strong>{clean(store.networks.value.find((n) => n.id === c.network_id)?.name ?? c.network_id, 40)}</strong> {t.states[c.state]} <GradeBadge figure={c.checked!} /> <span class="muted">{moment(c.checked!.as_of_ms, now.value, T())}</span></p>
      {c.revoked.length > 0 && <Note level="danger">{t.revoked(c.revoked.map((id) => clean(account.owners.find((o) => o.id === id)?.name ?? '?', 40)).join(', '))}</Note>}
      {c.ready_ms > 0 && <p>{t.ready(due(c.ready_ms))}</p>}
      {c.next && offers('change_prepare') && (
        <div class="row">
          {c.next.signatures.length < c.threshold && <Button small busy={doing.busy} onPress={() => void sign(c.next!.id)} testId="chain-sign">{t.sign}</Button>}
          {c.network_id === currentNetwork.value?.id ? <Button small busy={doing.busy} onPress={() => void carry(c)} testId="chain-carry">{c.state === 'waits' ? t.apply : t.carry}</Button>
            : <Button small onPress={() => void command('network_select', { network_id: c.network_id })}>{t.use}</Button>}
        </div>
      )}
    </li>
  );
  return (
    <Card title={t.title}>
      <ul class="list hardware" data-test="chains">{rows.map(row)}</ul>
      {doing.error && <ErrorPanel what={T().what.prepare} error={doing.error} />}
    </Card>
  );
}
