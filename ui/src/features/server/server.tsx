/* Run a server: what this computer can do for others, what that costs and earns, what the server may, how it goes, and how to end it. */
import type { PluginState } from '../../api/generated';
import { clean } from '../../format/clean';
import { moment, span } from '../../format/time';
import { now, store } from '../../store/store';
import { command, useDoing, type Doing } from '../../store/use';
import { sayCoded } from '../../text';
import { CopyButton } from '../../widgets/address';
import { Button, Card, ErrorPanel, Heading, Icon, Note, Skeleton, type IconName } from '../../widgets/basic';
import { KeyValue } from '../../widgets/form';
import { Costs, dataSize, etherText, Permissions } from './costs';
import { LimitsCard, SettingsForm } from './limits';
import { ServerLog } from './log';
import { RemoveCard } from './remove';
import { T } from '../../text/with_server';

export interface Part {
  p: PluginState;
  doing: Doing;
}

const TONES: Record<PluginState['state'], [tone: string, icon: IconName]> = {
  unavailable: ['danger', 'circle-x'], absent: ['plain', 'ban'], stopped: ['plain', 'pause'], resting: ['plain', 'clock'], starting: ['info', 'loader'], running: ['ok', 'circle-check'],
  silent: ['warn', 'triangle-alert'], draining: ['info', 'loader'], waiting: ['warn', 'refresh-cw'], failed: ['danger', 'circle-x'],
};

export function Server() {
  const t = T();
  const doing = useDoing();
  const p = store.plugin.value;
  return (
    <>
      <Heading aside={p && <StateChip p={p} />}>{t.server.title}</Heading>
      <p class="muted">{t.server.lead}</p>
      {!p && <Card busy><Skeleton what={t.what.server} lines={6} /></Card>}
      {p && <Screen p={p} doing={doing} />}
    </>
  );
}

function Screen({ p, doing }: Part) {
  const t = T();
  if (p.state === 'unavailable') {
    return <Card><Note level="danger">{t.error.plugin_unavailable({})}</Note></Card>;
  }
  const isInstalled = !!p.installed;
  return (
    <>
      {p.client && <NewerClient client={p.client} />}
      {p.development && <Note level="caution">{t.server.development}</Note>}
      {p.fault && <Note level={p.state === 'failed' ? 'danger' : 'caution'}><span data-test="fault">{sayCoded(t.plugin, p.fault)}</span> <span class="muted">{moment(p.fault.at_ms, now.value, t)}</span></Note>}
      {doing.error && (doing.error.code === 'plugin_refused' ? <Note level="danger"><span data-test="error">{sayCoded(t.plugin, { code: doing.error.params['reason'] ?? '', params: {} })}</span></Note> : <ErrorPanel what={t.what.server} error={doing.error} />)}
      {p.job && <Job p={p} doing={doing} />}
      {isInstalled && <Running p={p} doing={doing} />}
      {isInstalled && !p.job && <Update p={p} doing={doing} />}
      {p.repositories.length === 0 ? <NoRepository /> : <Check p={p} doing={doing} />}
      {!isInstalled && !p.job && p.repositories.length > 0 && p.offer && <Install p={p} doing={doing} />}
      {isInstalled && <><LimitsCard key={p.settings.network_id} p={p} /><ServerLog /><RemoveCard p={p} /></>}
    </>
  );
}

/** A newer Passmesh: told, never installed from here. */
function NewerClient({ client }: { client: NonNullable<PluginState['client']> }) {
  const t = T();
  return <Note level="info"><span data-test="newer-client">{t.server.newer(client.version)}</span>{client.notes && <span class="block"><bdi>{clean(client.notes, 256)}</bdi></span>}<span class="block muted">{t.server.newerHow}</span></Note>;
}

function StateChip({ p }: { p: PluginState }) {
  const [tone, icon] = TONES[p.state];
  return <span class={`chip-state ${tone}`} role="status" data-test="server-state" data-state={p.state}><Icon name={icon} />{T().server.states[p.state]}</span>;
}

function NoRepository() {
  const t = T();
  return (
    <Card title={t.server.repository}>
      <p>{t.server.noRepository}</p>
      <p class="command"><code class="mono">{t.server.addCommand}</code><CopyButton small text={t.server.addCommand} label={t.common.copy} /></p>
    </Card>
  );
}

/** Can this computer do it? A line for each need of the package, and the other variants folded away. */
function Check({ p, doing }: Part) {
  const t = T();
  const [best, ...others] = p.variants ?? [];
  const lacking = best?.reasons.find((r) => !r.met);
  return (
    <Card title={t.server.check} aside={<Button small icon="refresh-cw" busy={doing.busy || !!p.job} onPress={() => void doing.run(() => command('plugin_check', {}))} testId="check">{t.server.checkNow}</Button>}>
      {best ? (
        <>
          <p class={`chip-state ${best.suits ? 'ok' : 'danger'}`} data-test="verdict"><Icon name={best.suits ? 'circle-check' : 'ban'} /><strong>{best.suits ? t.server.yes : t.server.no(lacking ? sayCoded(t.plugin, lacking) : '')}</strong></p>
          <Needs reasons={best.reasons} />
          {others.length > 0 && <details><summary>{t.server.others(others.length)}</summary>{others.map((v) => <div key={v.version + v.platform}><p><strong>{v.version}</strong> <span class="muted">{clean(v.platform, 40)}</span></p><Needs reasons={v.reasons} /></div>)}</details>}
          <KeyValue rows={[[t.server.can, t.server.canList], [t.server.cannot, t.server.cannotList]]} />
        </>
      ) : <p>{t.server.notChecked}</p>}
      <p class="muted">{p.checked_ms > 0 ? t.server.checked(moment(p.checked_ms, now.value, t)) : t.server.neverChecked} · <a href="#/computer">{t.nav.computer}</a></p>
      <Repositories p={p} />
    </Card>
  );
}

/** Whom this computer trusts, and how many of them have to say the same. */
function Repositories({ p }: { p: PluginState }) {
  const t = T();
  return (
    <>
      <ul class="plain" data-test="repositories">{p.repositories.map((r) => (
        <li key={r.id} class="muted">{r.development ? t.server.developmentShort : t.server.repository}: <span class="mono wrap">{r.mirrors.map((m) => clean(m, 60)).join(', ')}</span>{r.fault && <span class="block">{sayCoded(t.plugin, r.fault)}</span>}</li>
      ))}</ul>
      {(p.repositories.length > 1 || p.agree > 1) && <p class="muted" data-test="agree">{t.server.agree(p.agree, p.repositories.length)}</p>}
    </>
  );
}

function Needs({ reasons }: { reasons: NonNullable<PluginState['variants']>[number]['reasons'] }) {
  const t = T();
  return <ul class="plain needs">{reasons.map((r) => <li key={r.code} class={`chip-state ${r.met ? 'ok' : 'danger'}`}><Icon name={r.met ? 'check' : 'x'} /><span>{sayCoded(t.plugin, r)}</span></li>)}</ul>;
}

function Install({ p, doing }: Part) {
  const t = T();
  const best = p.variants?.[0];
  return (
    <Card title={t.server.permit}>
      <Costs p={p} />
      <Permissions p={p} />
      <SettingsForm key={p.settings.network_id} p={p} label={t.server.install(dataSize(p.offer!.bytes, t.locale))} deadWhy={best?.suits ? undefined : t.plugin.package_unsuitable({})} after={() => doing.run(() => command('plugin_install', {}))} />
    </Card>
  );
}

/** The steps, and the bytes that are verified of those that were signed. */
function Job({ p, doing }: Part) {
  const t = T();
  const { step, verified, length, peers } = p.job!;
  const steps = ['checking', 'downloading', 'installing'] as const;
  const at = steps.indexOf(step);
  const percent = length > 0 ? Math.floor((verified * 100) / length) : 0;
  return (
    <Card title={t.server.steps[step]} busy>
      <ol class="steps" aria-label={t.server.progress}>
        {steps.map((name, i) => <li key={name} class={i < at ? 'done' : i === at ? 'now' : ''} aria-current={i === at ? 'step' : undefined}><span class="dot">{i < at ? <Icon name="check" /> : i + 1}</span><span>{t.server.steps[name]}</span></li>)}
      </ol>
      <progress aria-label={t.server.progress} value={length > 0 ? verified : undefined} max={Math.max(1, length)} data-test="progress" />
      <p class="tabular">{length > 0 ? t.server.verified(dataSize(verified, t.locale), dataSize(length, t.locale), percent) : t.server.steps.checking}</p>
      {peers && <p class="muted" data-test="from-peers">{t.server.fromPeers}</p>}
      <p class="sr" role="status">{t.server.announce(Math.floor(percent / 25) * 25)}</p>
      <div class="row"><Button onPress={() => void doing.run(() => command('plugin_cancel', {}))} testId="cancel">{t.common.cancel}</Button></div>
    </Card>
  );
}

function sentence(p: PluginState): string {
  const t = T();
  if (p.run && (p.state === 'running' || p.state === 'draining')) {
    return p.state === 'running' ? t.server.running(p.run.clients, p.run.requests_min, t.server.reach[p.run.reach.state]) : t.server.draining(p.run.clients);
  }
  return t.server.sentences[p.state];
}

function Running({ p, doing }: Part) {
  const t = T();
  const isUp = ['running', 'starting', 'silent', 'waiting', 'draining', 'resting'].includes(p.state);
  const act = (method: 'plugin_start' | 'plugin_stop'): void => void doing.run(() => command(method, {}));
  return (
    <Card title={t.server.now} aside={<span class="muted tabular">{t.server.since(span(now.value - p.since_ms, t))}</span>}>
      <p class="lead" data-test="sentence">{sentence(p)}</p>
      <KeyValue rows={[
        [t.server.version, <><span class="mono" data-test="version">{p.installed!.version}</span>{p.installed!.trial && <span class="muted block">{t.server.trial}</span>}</>],
        ...(p.run ? figures(p) : []),
      ]} />
      <div class="row">
        {isUp ? <Button busy={doing.busy || p.state === 'draining'} icon="pause" onPress={() => act('plugin_stop')} testId="stop">{t.server.stop}</Button>
          : <Button kind="primary" busy={doing.busy} icon="play" onPress={() => act('plugin_start')} testId="start">{t.server.start}</Button>}
      </div>
    </Card>
  );
}

function figures(p: PluginState): [string, preact.ComponentChildren][] {
  const t = T();
  const run = p.run!;
  const seconds = Math.max(1, (now.value - p.since_ms) / 1000);
  const rate = ((run.rx + run.tx) * 8) / seconds / 1e6;
  return [
    [t.server.served, t.server.servedOf(run.served, run.requests_min)],
    [t.server.traffic, <><span class="tabular">{t.server.trafficOf(dataSize(run.rx, t.locale), dataSize(run.tx, t.locale))}</span><span class="muted block tabular">{t.server.average(rate.toLocaleString(t.locale, { maximumFractionDigits: 2 }))}</span></>],
    [t.server.outside, <><span data-test="reach" data-state={run.reach.state}>{t.network.reach[run.reach.state]}</span><span class="muted block">{sayCoded(t.reach, run.reach.why)}</span></>],
    [t.server.memory, t.server.kib(Math.round(run.memory_kib / 1024))],
    [t.server.node, run.node ? t.server.nodeOk : t.server.nodeSilent],
    [t.server.earned, run.payee === '' ? t.server.noBundling : <><span class="tabular">{etherText(run.earned ?? '0')}</span><span class="muted block">{t.server.earnedWhat}</span>
      <span class="muted block">{t.server.payee(run.payee, run.balance ? etherText(run.balance) : t.server.unknown)}</span></>],
    [t.server.sandbox, t.server.sandboxes(t.server.levels[run.sandbox], t.server.levels[p.sandbox])],
    [t.server.listen, <span class="mono wrap">{clean(run.listen, 160)}</span>],
  ];
}

function Update({ p, doing }: Part) {
  const t = T();
  const offer = p.offer;
  if (!offer || offer.installed) {
    return null;
  }
  return (
    <Card title={t.server.update(offer.version)}>
      {offer.notes && <p><bdi>{clean(offer.notes, 256)}</bdi></p>}
      <p class="muted">{t.server.updateHow}</p>
      <div class="row"><Button kind="primary" busy={doing.busy} onPress={() => void doing.run(() => command('plugin_install', {}))} testId="update">{t.server.updateNow(dataSize(offer.bytes, t.locale))}</Button></div>
    </Card>
  );
}
