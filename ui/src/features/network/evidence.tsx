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
  const mono = (text: string | undefined): ComponentChildren => <span class="mono wrap">{clean(text ?? '', SAID_MAX)}</span>;
  const rows: [string, ComponentChildren][] = [
    ...(e.method ? [[t.method, mono(e.method)] as [string, ComponentChildren]] : []),
    ...(e.block_hash ? [[t.block, <>{e.block !== undefined && <span class="tabular">{e.block.toLocaleString(T().locale)} </span>}{mono(e.block_hash)}{e.blocks ? <span class="muted block">{t.blocks(e.blocks)}</span> : null}</>] as [string, ComponentChildren]] : []),
    ...(e.address ? [[t.account, mono(e.address)] as [string, ComponentChildren]] : []),
    ...(e.about ? [[t.about, mono(e.about)] as [string, ComponentChildren]] : []),
  ];
  return (
    <li>
      <div class="row">
        <span class={`chip-state ${isLie ? 'danger' : 'warn'}`}><Icon name={isLie ? 'ban' : 'triangle-alert'} />{t.kinds[e.kind]}</span>
        <time class="muted" dateTime={new Date(e.at_ms).toISOString()} title={due(e.at_ms)}>{moment(e.at_ms, now.value, T())}</time>
      </div>
      <p>{t.questions[e.question]}{isLie && <span class="muted block">{t.lieEnds}</span>}</p>
      <details>
        <summary>{t.said}</summary>
        <KeyValue rows={[...rows, ...e.said.map((a): [string, ComponentChildren] => [shortPeer(a.server), <Said answer={a} />])]} />
      </details>
    </li>
  );
}

function Said({ answer }: { answer: EvidenceAnswer }) {
  const t = networkTexts.get().kept;
  return <><bdi class="mono wrap">{clean(answer.answer ?? '', SAID_MAX)}</bdi><span class="muted block">{t.bytes(answer.len.toLocaleString(T().locale))}</span></>;
}
