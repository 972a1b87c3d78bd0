/* The co-signer of an account, and what was begun about it and waits for the passkey; it is begun on the command line. */
import type { Account, CosignerLimit, CosignerWish } from '../../api/generated';
import { usePasskey } from '../../api/webauthn';
import { clean } from '../../format/clean';
import { due } from '../../format/time';
import { currentNetwork } from '../../store/store';
import { readRecovery } from '../../store/recovery';
import { say } from '../../store/toast';
import { command, useDoing } from '../../store/use';
import { runOnce } from '../../store/vault';
import { accountTexts, T } from '../../text';
import { Button, Card, ErrorPanel, LinkButton, Note } from '../../widgets/basic';

export function Cosigner({ account }: { account: Account }) {
  const t = accountTexts.get().cosigner;
  const { cosigner, cosigner_wish: wish } = account;
  return (
    <Card title={t.title}>
      {cosigner && (
        <div data-test="cosigner">
          <p>{t.at} <bdi class="mono">{clean(cosigner.server, 64)}</bdi></p>
          <ul class="bullets">{cosigner.limits.map((l) => <li key={`${l.token} ${l.to}`}>{limitText(l)}</li>)}</ul>
          <p class="muted">{t.does}</p>
        </div>
      )}
      {wish && <Wish account={account} wish={wish} />}
    </Card>
  );
}

function limitText(limit: CosignerLimit): string {
  return accountTexts.get().cosigner.limit(limit.amount, limit.token ?? '', limit.to ?? '');
}

function Wish({ account, wish }: { account: Account; wish: CosignerWish }) {
  const t = accountTexts.get().cosigner;
  const doing = useDoing();
  const sign = async (): Promise<void> => {
    const done = await doing.run(async () => {
      const network = currentNetwork.value;
      if (wish.what === 'leave' && network) {
        await readRecovery(account.address, network.id);
      }
      return runOnce({
        what: t.wishes[wish.what], timeoutMs: wish.options.timeout_ms, ask: (signal) => usePasskey(wish.options, signal),
        hand: (assertion) => command('cosigner_finish', { account_id: account.id, assertion }),
      });
    });
    if (done) {
      say(t.done[wish.what]);
    }
  };
  return (
    <div data-test="cosigner-wish">
      <Note level="caution">{t.wishes[wish.what]} <bdi class="mono">{clean(wish.server, 64)}</bdi></Note>
      {wish.what === 'make' && <ul class="bullets">{wish.limits.map((l) => <li key={`${l.token} ${l.to}`}>{limitText(l)}</li>)}</ul>}
      {wish.what === 'make' && <p>{t.chains(wish.chain_ids.join(', '))} {t.does}</p>}
      {wish.operation_id && <LinkButton to={`approve/${wish.operation_id}`}>{t.look}</LinkButton>}
      <p class="muted">{t.until(due(wish.expires_ms))}</p>
      {doing.error && <ErrorPanel what={T().what.prepare} error={doing.error} />}
      <div class="row"><Button small kind="primary" icon="fingerprint-pattern" busy={doing.busy} onPress={() => void sign()} testId="cosigner-sign">{t.sign}</Button></div>
    </div>
  );
}
