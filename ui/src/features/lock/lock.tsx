/* Pages without access: locked, no session, session over. Nothing private is in the page. */
import { access } from '../../api/access';
import { usePasskey } from '../../api/webauthn';
import { runCeremony } from '../../store/ceremony';
import { store } from '../../store/store';
import { command, useDoing } from '../../store/use';
import { T } from '../../text';
import { CopyButton } from '../../widgets/address';
import { Button, Card, ErrorPanel, Heading, Icon } from '../../widgets/basic';

export function Locked() {
  const t = T();
  const doing = useDoing();
  const waiting = store.status.value?.requests ?? 0;
  const unlock = (): Promise<unknown> => doing.run(async () => {
    const begun = await command('unlock_begin', {});
    return runCeremony({
      what: t.lock.forWhat, timeoutMs: begun.options.timeout_ms, ask: (signal) => usePasskey(begun.options, signal),
      hand: (assertion) => command('unlock_finish', { ceremony_id: begun.ceremony.id, assertion }),
    });
  });
  return (
    <div class="narrow center-page">
      <Card className="hero">
        <span class="hero-icon"><Icon name="lock" large /></span>
        <Heading>{t.lock.lead}</Heading>
        {waiting > 0 && <p>{t.state.waiting(waiting)}</p>}
        <div class="actions stretch"><Button kind="primary" icon="fingerprint-pattern" busy={doing.busy} onPress={() => void unlock()} testId="unlock">{t.lock.unlock}</Button>
          {(store.status.value?.vault ?? 'none') !== 'none' && <Button icon="key" busy={doing.busy} onPress={() => void doing.run(async () => (await import('../../store/vault')).openVault())} testId="unlock-vault">{t.lock.byVault}</Button>}</div>
        {doing.error && <ErrorPanel what={t.what.unlock} error={doing.error} retry={() => void unlock()} />}
        {store.plugin.value?.run && <p data-test="server-runs">{t.lock.serverRuns(store.plugin.value.run.clients)}</p>}
        <p class="muted">{t.lock.nothing}</p>
      </Card>
    </div>
  );
}

export function NoAccess() {
  const t = T();
  const isOver = access.value === 'over';
  return (
    <div class="narrow center-page">
      <Card className="hero">
        <span class="hero-icon"><Icon name="key" large /></span>
        <Heading>{isOver ? t.state.overTitle : t.state.noneTitle}</Heading>
        <p>{isOver ? t.state.over : access.value === 'code_bad' ? t.state.codeBad : t.state.none}</p>
        <p class="command"><code class="mono">{t.state.command}</code><CopyButton small text={t.state.command} label={t.common.copy} /></p>
      </Card>
    </div>
  );
}
