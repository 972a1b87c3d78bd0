/* The co-signer of an account, its way onto the chain, and what was begun about it on the command line and waits for the passkey. */
import type { Account, CosignerLimit, CosignerWish, Methods, Owner } from '../../api/generated';
import { usePasskey } from '../../api/webauthn';
import { clean } from '../../format/clean';
import { due } from '../../format/time';
import { go } from '../../store/go';
import { chainNow, currentNetwork, offers, putOperation } from '../../store/store';
import { readRecovery } from '../../store/recovery';
import { say } from '../../store/toast';
import { command, useDoing } from '../../store/use';
import { runOnce } from '../../store/vault';
import { accountTexts, T } from '../../text';
import { Button, Card, ErrorPanel, LinkButton, Note } from '../../widgets/basic';

export function Cosigner({ account }: { account: Account }) {
  const t = accountTexts.get().cosigner;
  const { cosigner, cosigner_wish: wish } = account;
  const owner = account.owners.find((o) => o.id === cosigner?.owner_id);
  return (
    <Card title={t.title}>
      {cosigner && (
        <div data-test="cosigner">
          <p>{t.at} <bdi class="mono">{clean(cosigner.server, 64)}</bdi></p>
          <ul class="bullets">{cosigner.limits.map((l) => <li key={`${l.token} ${l.to}`}>{limitText(l)}</li>)}</ul>
          <p class="muted">{t.does}</p>
          {owner && offers('owner_prepare') && <Joining account={account} owner={owner} />}
        </div>
      )}
      {wish && <Wish account={account} wish={wish} />}
    </Card>
  );
}

/** It becomes an owner, and one signature more is needed, in one change that waits. */
function Joining({ account, owner }: { account: Account; owner: Owner }) {
  const t = accountTexts.get().cosigner;
  const doing = useDoing();
  const isReady = owner.ready_ms <= chainNow();
  const ask = async (what: Methods['owner_prepare']['params']['what']): Promise<void> => {
    const network = currentNetwork.value;
    const operation = network && await doing.run(async () => {
      await readRecovery(account.address, network.id); /* the wallet goes by it */
      return command('owner_prepare', { account_id: account.id, network_id: network.id, owner_id: owner.id, what, speed: 'normal' });
    });
    if (operation) {
      putOperation(operation);
      go(`approve/${operation.id}`);
    }
  };
  return (
    <>
      {owner.state === 'joining' && <p data-test="cosigner-joins">{isReady ? t.due : t.joins(due(owner.ready_ms))} {t.stopHelp}</p>}
      {doing.error && <ErrorPanel what={T().what.prepare} error={doing.error} />}
      <div class="row">
        {owner.state === 'waiting' && <Button small icon="plus" kind="primary" busy={doing.busy} onPress={() => void ask('add')} testId="cosigner-add">{T().owners.putOnChain}</Button>}
        {owner.state === 'joining' && <Button small icon="shield-check" kind="primary" busy={doing.busy} onPress={() => void ask('veto')} testId="cosigner-veto">{t.veto}</Button>}
        {owner.state === 'joining' && isReady && <Button small icon="check" busy={doing.busy} onPress={() => void ask('apply')} testId="cosigner-apply">{t.apply}</Button>}
      </div>
    </>
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
