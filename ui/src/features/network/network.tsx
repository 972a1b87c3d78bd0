/* Network: how this machine is connected, to whom, and what has left it. */
import { useState } from 'preact/hooks';
import type { Network as NetworkData, Peer, Server } from '../../api/generated';
import { shortPeer } from '../../format/address';
import { clean } from '../../format/clean';
import { age, mebibytes } from '../../format/time';
import { reloadNetworks } from '../../store/live';
import { currentNetwork, now, offers, store } from '../../store/store';
import { say } from '../../store/toast';
import { command, useAsk, useDoing } from '../../store/use';
import { sayCoded, T } from '../../text';
import { Button, Card, Empty, ErrorPanel, Heading, Icon, Note, Skeleton } from '../../widgets/basic';
import { GradeBadge } from '../../widgets/figure';
import { KeyValue, Select, TextField } from '../../widgets/form';
import { PublicDht } from '../../widgets/public_dht';
import { EvidenceCard } from './evidence';

export function Network() {
  const t = T();
  const doing = useDoing();
  const network = currentNetwork.value;
  const data = store.network.value;
  return (
    <>
      <Heading aside={store.networks.value.length > 1 && <Select quiet label={t.network.choose} value={network?.id ?? ''} options={store.networks.value.map((n) => [n.id, clean(n.name, 40)])}
        onValue={(network_id) => void doing.run(() => command('network_select', { network_id }).then(reloadNetworks))} />}>{t.network.title}</Heading>
      {doing.error && <ErrorPanel what={t.what.select} error={doing.error} />}
      {data ? <Facts network={network} /> : <Card busy><Skeleton what={t.what.network} lines={5} /></Card>}
      {network && <Servers network={network} />}
      <EvidenceCard />
      <Peers />
      <PublicDht />
      {network && offers('network_node_set') && <OwnNode network={network} />}
    </>
  );
}

function Facts({ network }: { network: NetworkData | null }) {
  const t = T();
  const data = store.network.value!;
  const chain = data.chain;
  const sources = (Object.entries(data.by_source) as [keyof typeof t.network.source, number][]).filter(([, n]) => n > 0).map(([key, n]) => `${t.network.source[key]} ${n}`);
  const used = t.network.of(mebibytes(data.memory_used), mebibytes(data.memory_max));
  return (
    <Card>
      <KeyValue rows={[
        [t.network.you, <><span data-test="reach" data-state={data.reach.state}>{data.reach.why.code === 'not_listening' ? t.network.dialsOnly : t.network.reach[data.reach.state]}</span><span class="muted block">{sayCoded(t.reach, data.reach.why)}</span></>],
        [t.network.peers, <>{t.network.peersOf(data.peers)}{sources.length > 0 && <span class="muted block">{sources.join(' · ')}</span>}</>],
        [t.network.chain, <><span class="figure"><span class="tabular">{t.network.block(chain.block.toLocaleString(t.locale), age(chain.block_ms, now.value, t))}</span>
          <GradeBadge figure={{ grade: chain.grade, k: chain.k, n: chain.n, block: chain.block, as_of_ms: chain.as_of_ms, anchor: chain.anchor, why: chain.grade === 'agreed' ? 'quorum' : chain.grade === 'proven' ? 'merkle_proof' : chain.anchor === 'header_source' ? 'header_source' : network?.kind === 'local' ? 'local_network' : 'one_server' }} /></span>
          {network && <span class="muted block">{clean(network.name, 40)} · {t.network.kinds[network.kind]} · {network.chain_id}</span>}
          {network && <span class="muted block">{t.network.consensus[network.consensus]}</span>}
          {network && <span class="muted block">{t.network.contracts[network.contracts]}</span>}</>],
        [t.network.memory, <><meter aria-label={t.network.memory} value={data.memory_used} max={Math.max(1, data.memory_max)} /> <span class="tabular">{used}</span>
          {data.refused.map((r) => <span key={r.reason} class="muted block">{t.network.refused(r.count, sayCoded(t.refusal, { code: r.reason, params: {} }))}</span>)}</>],
      ]} />
      <details open>
        <summary>{t.network.leaves}</summary>
        {data.sent.length === 0 ? <p class="muted">{t.network.nothingLeft}</p> : (
          <ul class="plain">{data.sent.map((s) => <li key={s.what + s.to} class="tabular">{t.network.to(sayCoded(t.sent, { code: s.what, params: {} }), sayCoded(t.sentTo, { code: s.to, params: {} }), s.count)}</li>)}</ul>
        )}
      </details>
    </Card>
  );
}

function Servers({ network }: { network: NetworkData }) {
  const t = T();
  const c = t.network.columns;
  const asked = useAsk('servers_list', { network_id: network.id }, 0, store.network.value?.servers);
  return (
    <Card title={t.network.serversFor(clean(network.name, 40))} busy={!asked.data && !asked.error}>
      {asked.error && <ErrorPanel what={t.what.network} error={asked.error} retry={asked.reload} />}
      {!asked.data && !asked.error && <Skeleton what={t.what.network} />}
      {asked.data?.servers.length === 0 && <Empty text={t.network.noServer}><Button icon="refresh-cw" onPress={asked.reload}>{t.common.retry}</Button></Empty>}
      {asked.data && asked.data.servers.length > 0 && (
        <div class="table-box" tabIndex={0} role="group" aria-label={t.network.servers}>
          <table>
            <thead><tr><th scope="col">{c.peer}</th><th scope="col">{c.rtt}</th><th scope="col">{c.kept}</th><th scope="col">{c.proof}</th><th scope="col">{c.state}</th></tr></thead>
            <tbody>{asked.data.servers.map((s) => <ServerRow key={s.id} server={s} />)}</tbody>
          </table>
        </div>
      )}
    </Card>
  );
}

function ServerRow({ server: s }: { server: Server }) {
  const t = T();
  return (
    <tr>
      <th scope="row" class="mono">{shortPeer(s.id)}</th><td class="tabular">{s.rtt_ms > 0 ? t.network.ms(s.rtt_ms) : '–'}</td><td class="tabular">{(s.kept_permille / 10).toLocaleString(t.locale)} %</td>
      <td>{t.network.attested[s.attested]}{s.evidence && <span class="muted block">{sayCoded(t.evidence, s.evidence)}</span>}</td>
      <td><span class={`chip-state ${s.state === 'ok' ? 'ok' : s.state === 'blocked' ? 'danger' : 'warn'}`}><Icon name={s.state === 'ok' ? 'circle-check' : s.state === 'blocked' ? 'ban' : 'clock'} />{t.network.serverState[s.state]}</span>
        {s.reason && <span class="muted block">{sayCoded(t.error, s.reason)}</span>}</td>
    </tr>
  );
}

function Peers() {
  const t = T();
  const c = t.network.columns;
  const asked = useAsk('peers_list', {}, 0, store.network.value?.peers);
  return (
    <Card title={t.network.peers} busy={!asked.data && !asked.error}>
      {asked.error && <ErrorPanel what={t.what.network} error={asked.error} retry={asked.reload} />}
      {!asked.data && !asked.error && <Skeleton what={t.what.network} />}
      {asked.data?.peers.length === 0 && <Empty text={t.network.noPeers} />}
      {asked.data && asked.data.peers.length > 0 && (
        <div class="table-box" tabIndex={0} role="group" aria-label={t.network.peers}>
          <table>
            <thead><tr><th scope="col">{c.peer}</th><th scope="col">{c.direction}</th><th scope="col">{c.found}</th><th scope="col">{c.rtt}</th></tr></thead>
            <tbody>{asked.data.peers.map((p) => <PeerRow key={p.id} peer={p} />)}</tbody>
          </table>
        </div>
      )}
    </Card>
  );
}

function PeerRow({ peer: p }: { peer: Peer }) {
  const t = T();
  return (
    <tr>
      <th scope="row"><span class="mono">{shortPeer(p.id)}</span><span class="muted block"><bdi>{clean(p.agent, 40)}</bdi></span></th>
      <td>{p.direction === 'out' ? t.network.out : t.network.in}</td><td>{t.network.source[p.found]}</td><td class="tabular">{p.rtt_ms > 0 ? t.network.ms(p.rtt_ms) : '–'}</td>
    </tr>
  );
}

function OwnNode({ network }: { network: NetworkData }) {
  const t = T();
  const [url, setUrl] = useState(store.network.value?.own_node ?? '');
  const [ok, setOk] = useState('');
  const doing = useDoing();
  const use = async (): Promise<void> => {
    const answer = await doing.run(() => command('network_node_set', { network_id: network.id, url: url.trim() }));
    setOk(answer && url.trim() ? t.network.nodeOk(answer.chain_id, answer.age_s) : '');
    if (answer) {
      say(t.common.saved);
      void reloadNetworks();
    }
  };
  return (
    <Card title={t.network.ownNode}>
      <form onSubmit={(event) => {
        event.preventDefault();
        void use();
      }}>
        <TextField label={t.common.address} value={url} onValue={setUrl} help={t.network.ownNodeHelp} mono max={512} aside={<Button submit busy={doing.busy}>{t.network.test}</Button>} />
        {ok && <Note level="ok">{ok}</Note>}
        {doing.error && <ErrorPanel what={t.network.ownNode} error={doing.error} />}
      </form>
    </Card>
  );
}
