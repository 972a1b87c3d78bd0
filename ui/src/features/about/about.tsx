/* More (phone), log, about. */
import { useState } from 'preact/hooks';
import type { LogLine } from '../../api/generated';
import { clean } from '../../format/clean';
import { store } from '../../store/store';
import { useAsk } from '../../store/use';
import { T } from '../../text';
import { Button, Card, Empty, ErrorPanel, Heading, Icon, Skeleton, type IconName } from '../../widgets/basic';
import { KeyValue, Select } from '../../widgets/form';

export function More() {
  const t = T();
  const items: [string, IconName, string][] = [['server', 'globe', t.nav.server], ['computer', 'cpu', t.nav.computer], ['settings', 'settings', t.nav.settings], ['log', 'scroll-text', t.nav.log], ['about', 'info', t.nav.about]];
  return (
    <>
      <Heading>{t.more.title}</Heading>
      <Card><ul class="list">{items.map(([path, icon, text]) => <li key={path}><a class="row-link" href={`#/${path}`}><Icon name={icon} /><span class="grow">{text}</span><Icon name="chevron-right" /></a></li>)}</ul></Card>
    </>
  );
}

const LEVELS: LogLine['level'][] = ['debug', 'info', 'warn', 'error'];

export function Log() {
  const t = T();
  const [level, setLevel] = useState<LogLine['level']>('info');
  const [frozen, setFrozen] = useState<LogLine[] | null>(null);
  const all = frozen ?? store.log.value?.lines ?? [];
  const lines = all.filter((l) => LEVELS.indexOf(l.level) >= LEVELS.indexOf(level));
  const two = (n: number): string => String(n).padStart(2, '0');
  const time = (ms: number): string => {
    const d = new Date(ms);
    return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  };
  return (
    <>
      <Heading>{t.log.title}</Heading>
      <Card busy={!store.log.value}>
        <div class="row filters">
          <Select label={t.log.level} value={level} options={LEVELS.map((l) => [l, t.log.levels[l]])} onValue={(v) => setLevel(v)} />
          <Button icon={frozen ? 'play' : 'pause'} onPress={() => setFrozen(frozen ? null : all)}>{frozen ? t.log.resume : t.log.pause}</Button>
        </div>
        {!store.log.value ? <Skeleton what={t.what.log} lines={6} /> : lines.length === 0 ? <Empty text={t.log.empty} /> : (
          <div class="log" role="log" aria-live="off" aria-label={t.log.label} tabIndex={0}>
            {lines.map((l) => (
              <div key={l.seq} class={`log-line ${l.level}`}><span class="muted tabular">{time(l.at_ms)}</span> <span class="level">{t.log.levels[l.level]}</span> <span class="muted">{l.part}</span> <span class="text">{clean(l.text, 400)}</span></div>
            ))}
          </div>
        )}
        <p class="muted"><span role="status">{frozen && `${t.log.paused} `}</span>{t.log.note}</p>
      </Card>
    </>
  );
}

export function About() {
  const t = T();
  const asked = useAsk('version', {});
  return (
    <div class="narrow wide-narrow">
      <Heading>{t.about.title}</Heading>
      <Card busy={!asked.data}>
        <p class="lead">{t.about.lead}</p>
        {asked.error && <ErrorPanel what={t.what.about} error={asked.error} retry={asked.reload} />}
        {asked.data ? (
          <KeyValue rows={[[t.about.version, <span class="mono">{asked.data.version}</span>], [t.about.build, <span class="mono">{asked.data.build}</span>],
            ...(asked.data.libraries.length > 0 ? [[t.about.libraries, asked.data.libraries.map((l) => `${clean(l.name, 40)} ${l.version}`).join(' · ')] as [string, string]] : [])]} />
        ) : !asked.error && <Skeleton what={t.what.about} />}
        <p class="muted">{t.about.free}</p>
      </Card>
    </div>
  );
}
