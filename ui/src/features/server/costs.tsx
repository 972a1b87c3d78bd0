/* What a server costs and earns, and what it may: said before it is installed. Estimates carry "about". */
import type { PluginState } from '../../api/generated';
import { KeyValue } from '../../widgets/form';
import { T } from '../../text/with_server';

const SECONDS_A_MONTH = 2_592_000;
const HOURS = 24;

/** "1.4 MB", "310 MB", "2.1 GB": decimal, as networks and disks are sold. */
export function dataSize(bytes: number, locale: string): string {
  const [divisor, unit] = bytes < 1e9 ? [1e6, 'MB'] : [1e9, 'GB'];
  const value = bytes / divisor;
  return `${value.toLocaleString(locale, { maximumFractionDigits: value < 100 ? 1 : 0 })} ${unit}`;
}

/** Wei as ether with six decimals, cut towards zero; exact arithmetic. */
export function etherText(wei: string): string {
  const value = BigInt(wei);
  const micro = (value / 10n ** 12n).toString().padStart(7, '0');
  const text = `${micro.slice(0, -6)}.${micro.slice(-6)}`.replace(/\.?0+$/, '');
  return `${text === '0' && value > 0n ? '< 0.000001' : text} ETH`;
}

/** Hours a day that it may run. */
function hoursOf(s: PluginState['settings']): number {
  return s.from_hour === s.to_hour ? HOURS : (s.to_hour - s.from_hour + HOURS) % HOURS;
}

export function Costs({ p }: { p: PluginState }) {
  const t = T();
  const c = t.server.costs;
  const s = p.settings;
  const most = s.kbit_s > 0 ? ((s.kbit_s * 1000) / 8) * SECONDS_A_MONTH * (hoursOf(s) / HOURS) : 0;
  return (
    <KeyValue rows={[
      [c.disk, c.diskOf(dataSize(p.offer?.bytes ?? 0, t.locale))],
      [c.memory, c.memoryOf],
      [c.traffic, <>{c.trafficOf}<span class="muted block">{most > 0 ? c.trafficMost(dataSize(most, t.locale)) : c.trafficUnbound}</span></>],
      [c.power, c.powerOf],
      [c.earns, c.earnsOf],
    ]} />
  );
}

export function Permissions({ p }: { p: PluginState }) {
  const t = T();
  return (
    <KeyValue rows={[
      [t.server.may, <ul class="plain">{t.server.mayList.map((line) => <li key={line}>{line}</li>)}<li><span class="mono wrap">{p.settings.listen}</span></li></ul>],
      [t.server.mayNot, <ul class="plain">{t.server.mayNotList.map((line) => <li key={line}>{line}</li>)}</ul>],
    ]} />
  );
}
