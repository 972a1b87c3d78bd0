/* Which network, which node, where it listens; and the limits of clients, bandwidth and hours. */
import { useState } from 'preact/hooks';
import type { PluginState } from '../../api/generated';
import { clean } from '../../format/clean';
import { currentNetwork, store } from '../../store/store';
import { say } from '../../store/toast';
import { command, useDoing } from '../../store/use';
import { Button, Card, ErrorPanel } from '../../widgets/basic';
import { Select, TextField } from '../../widgets/form';
import { T } from '../../text/with_server';

const HOURS = Array.from({ length: 24 }, (_, h) => h);
const CLIENTS_MAX = 4096;
const MBIT_MAX = 100_000;

interface FormProps {
  p: PluginState;
  label: string;
  deadWhy?: string;
  /** What follows when the settings are stored. */
  after?(): Promise<unknown>;
}

/** A whole number from 0 to max; -1: it is none. */
function number(text: string, max: number): number {
  const value = /^\d{1,9}$/.test(text.trim()) ? parseInt(text, 10) : -1;
  return value <= max ? value : -1;
}

export function SettingsForm({ p, label, deadWhy, after }: FormProps) {
  const t = T();
  const c = t.server.settings;
  const doing = useDoing();
  const s = p.settings;
  const [network, setNetwork] = useState(s.network_id || currentNetwork.value?.id || '');
  const [node, setNode] = useState(s.node || (store.network.value?.own_node ?? ''));
  const [listen, setListen] = useState(s.listen);
  const [clients, setClients] = useState(String(s.clients));
  const [mbit, setMbit] = useState(String(Math.round(s.kbit_s / 1000)));
  const [from, setFrom] = useState(String(s.from_hour));
  const [to, setTo] = useState(String(s.to_hour));
  const count = number(clients, CLIENTS_MAX);
  const rate = number(mbit, MBIT_MAX);
  const isNode = /^https?:\/\/\S+$/.test(node.trim());
  const hours = HOURS.map((h): [string, string] => [String(h), c.hour(h)]);
  const save = async (): Promise<void> => {
    if (count < 0 || rate < 0 || !isNode || !listen.trim()) {
      return;
    }
    const done = await doing.run(() => command('plugin_settings_set', {
      network_id: network, node: node.trim(), listen: listen.trim(), clients: count, kbit_s: rate * 1000, from_hour: parseInt(from, 10), to_hour: parseInt(to, 10),
    }));
    if (done && after) {
      await after();
    } else if (done) {
      say(t.common.saved);
    }
  };
  return (
    <form onSubmit={(event) => {
      event.preventDefault();
      void save();
    }}>
      <Select label={c.network} value={network} options={store.networks.value.map((n) => [n.id, clean(n.name, 40)])} onValue={setNetwork} testId="server-network" />
      <TextField label={c.node} value={node} onValue={setNode} help={c.nodeHelp} error={node && !isNode ? c.nodeWrong : undefined} mono max={512} testId="server-node" />
      <TextField label={c.listen} value={listen} onValue={setListen} help={c.listenHelp} mono max={255} testId="server-listen" />
      <div class="columns">
        <TextField label={c.clients} value={clients} onValue={setClients} help={c.noBound} error={count < 0 ? c.numberWrong(CLIENTS_MAX) : undefined} max={4} testId="server-clients" />
        <TextField label={c.bandwidth} value={mbit} onValue={setMbit} help={c.noBound} error={rate < 0 ? c.numberWrong(MBIT_MAX) : undefined} max={6} testId="server-mbit" />
      </div>
      <div class="columns">
        <Select label={c.from} value={from} options={hours} onValue={setFrom} testId="server-from" />
        <Select label={c.to} value={to} options={hours} onValue={setTo} help={from === to ? c.anyHour : undefined} testId="server-to" />
      </div>
      {doing.error && <ErrorPanel what={t.what.save} error={doing.error} />}
      <div class="row"><Button kind="primary" submit busy={doing.busy} disabledWhy={deadWhy ?? (isNode ? undefined : c.nodeWrong)} testId="server-save">{label}</Button></div>
    </form>
  );
}

export function LimitsCard({ p }: { p: PluginState }) {
  const t = T();
  return (
    <Card title={t.server.settings.title}>
      <p class="muted">{t.server.settings.lead}</p>
      <details data-test="limits"><summary>{t.server.settings.change}</summary><SettingsForm p={p} label={t.common.save} /></details>
    </Card>
  );
}
