/* What the server wrote last: asked for while it is unfolded. */
import { useState } from 'preact/hooks';
import { clean } from '../../format/clean';
import { store } from '../../store/store';
import { useAsk } from '../../store/use';
import { Card, Empty, ErrorPanel, Skeleton } from '../../widgets/basic';
import { T } from '../../text/with_server';

const LINES = 100;

export function ServerLog() {
  const t = T();
  const [isOpen, setOpen] = useState(false);
  return (
    <Card title={t.server.log}>
      <details data-test="server-log" onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}>
        <summary>{t.server.logShow}</summary>
        {isOpen && <Lines />}
      </details>
    </Card>
  );
}

function Lines() {
  const t = T();
  /* each new figure of the server asks again: it tells one a second */
  const asked = useAsk('plugin_log', {}, 0, `${store.plugin.value?.run?.as_of_ms ?? 0} ${store.plugin.value?.state}`);
  const lines = asked.data?.lines.slice(-LINES) ?? [];
  if (asked.error) {
    return <ErrorPanel what={t.what.log} error={asked.error} retry={asked.reload} />;
  }
  if (!asked.data) {
    return <Skeleton what={t.what.log} />;
  }
  if (lines.length === 0) {
    return <Empty text={t.log.empty} />;
  }
  return (
    <div class="log" role="log" aria-live="off" aria-label={t.server.log} tabIndex={0}>
      {lines.map((l) => <div key={l.seq} class="log-line"><span class="text">{clean(l.text, 400)}</span></div>)}
    </div>
  );
}
