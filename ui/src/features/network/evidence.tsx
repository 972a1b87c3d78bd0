/* What shows that servers lied or disagreed: kept by the wallet program, shown and saved here. */
import { useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import type { Evidence, EvidenceAnswer } from '../../api/generated';
import { shortPeer } from '../../format/address';
import { clean } from '../../format/clean';
import { due, moment } from '../../format/time';
import { dated, keepFile } from '../../store/keep';
import { now, store } from '../../store/store';
import { useAsk } from '../../store/use';
import { networkTexts, T } from '../../text';
import { Button, Card, Empty, ErrorPanel, Icon, Skeleton } from '../../widgets/basic';
import { KeyValue } from '../../widgets/form';

const FIRST = 5;
const MOST = 64; /* that one call gives */
const SAID_MAX = 120;

export function EvidenceCard() {
  const t = networkTexts.get().kept;
  const [limit, setLimit] = useState(FIRST);
  const asked = useAsk('evidence_list', { limit }, 0, store.network.value?.servers);
  const list = asked.data?.evidence ?? [];
  const save = (): void => keepFile(dated(Date.now(), 'evidence.json'), 'application/json', [JSON.stringify(list, null, 1)]);
  return (
    <Card title={t.title} busy={!asked.data && !asked.error} aside={list.length > 0 && <Button icon="file-plus" onPress={save}>{t.save}</Button>}>
      {asked.error && <ErrorPanel what={t.title} error={asked.error} retry={asked.reload} />}
      {!asked.data && !asked.error && <Skeleton what={t.reading} />}
      {asked.data && list.length === 0 && <Empty text={t.none} />}
      {list.length > 0 && <>
        <p class="muted">{t.lead}</p>
        <ul class="plain notes" data-test="evidence">{list.map((e, i) => <One key={`${e.at_ms}-${i}`} evidence={e} />)}</ul>
        {list.length >= limit && limit < MOST && <Button onPress={() => setLimit(MOST)}>{t.more}</Button>}
      </>}
    </Card>
  );
}

function One({ evidence: e }: { evidence: Evidence }) {
  const t = networkTexts.get().kept;
  const isLie = e.kind === 'lie';
  const block = e.block_hash && <>{e.block !== undefined && <span class="tabular">{e.block.toLocaleString(T().locale)} </span>}<Mono text={e.block_hash} />{e.blocks ? <span class="muted block">{t.blocks(e.blocks)}</span> : null}</>;
  const facts: [string, ComponentChildren][] = [[t.method, e.method && <Mono text={e.method} />], [t.block, block], [t.account, e.address && <Mono text={e.address} />], [t.about, e.about && <Mono text={e.about} />]];
  const said = e.said.map((answer): [string, ComponentChildren] => [shortPeer(answer.server), <Said answer={answer} />]);
  return (
    <li>
      <div class="row">
        <span class={`chip-state ${isLie ? 'danger' : 'warn'}`}><Icon name={isLie ? 'ban' : 'triangle-alert'} />{t.kinds[e.kind]}</span>
        <time class="muted" dateTime={new Date(e.at_ms).toISOString()} title={due(e.at_ms)}>{moment(e.at_ms, now.value, T())}</time>
      </div>
      <p>{t.questions[e.question]}{isLie && <span class="muted block">{t.lieEnds}</span>}</p>
      <details>
        <summary>{t.said}</summary>
        <KeyValue rows={[...facts.filter(([, fact]) => fact), ...said]} />
      </details>
    </li>
  );
}

/** A stranger's words, or hex. */
function Mono({ text }: { text: string }) {
  return <bdi class="mono wrap">{clean(text, SAID_MAX)}</bdi>;
}

function Said({ answer }: { answer: EvidenceAnswer }) {
  const t = networkTexts.get().kept;
  return <><Mono text={answer.answer ?? ''} /><span class="muted block">{t.bytes(answer.len.toLocaleString(T().locale))}</span></>;
}
