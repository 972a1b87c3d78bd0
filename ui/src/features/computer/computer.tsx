/* This computer: what it is, what it could do for others, and what its hardware protects. Its own word, and so marked. */
import type { Methods } from '../../api/generated';
import { gibibytes } from '../../format/time';
import { useAsk } from '../../store/use';
import { sayCoded } from '../../text';
import { CopyButton } from '../../widgets/address';
import { Card, ErrorPanel, Heading, Icon, Note, Skeleton, type IconName } from '../../widgets/basic';
import { KeyValue } from '../../widgets/form';
import { T } from '../../text/with_server';

type Hardware = Methods['hardware']['result'];
type Technology = Hardware['technologies'][number];
type Service = Hardware['services'][number];
type Verdict = Service['verdict'];

const VERDICTS: Record<Verdict, [tone: string, icon: IconName]> = { can: ['ok', 'circle-check'], limited: ['warn', 'triangle-alert'], cannot: ['plain', 'ban'] };

export function Computer() {
  const t = T();
  const asked = useAsk('hardware', {});
  const data = asked.data;
  return (
    <>
      <Heading>{t.computer.title}</Heading>
      {asked.error && <Card><ErrorPanel what={t.what.computer} error={asked.error} retry={asked.reload} /></Card>}
      {!data && !asked.error && <Card busy><Skeleton what={t.what.computer} lines={6} /></Card>}
      {data && <><Facts data={data} /><Services services={data.services} /><Technologies data={data} /><Report /></>}
    </>
  );
}

function say(code: string): string {
  return sayCoded(T().hardware, { code, params: {} });
}

function Facts({ data }: { data: Hardware }) {
  const t = T();
  const c = t.computer;
  return (
    <Card>
      <KeyValue rows={[
        [c.processor, <>{c.vendors[data.vendor]}{data.cores > 0 && c.cores(data.cores)}<span class="muted block">{data.aes ? c.aes : c.noAes}</span></>],
        [c.memory, data.memory_kib > 0 ? gibibytes(data.memory_kib, t.locale) : c.unknown],
        [c.disk, data.disk_free_kib > 0 ? c.free(gibibytes(data.disk_free_kib, t.locale)) : c.unknown],
        [c.kind, <>{c.roles[data.role]}{data.container && <span class="muted block">{c.container}</span>}</>],
      ]} />
      <Note level="info">{c.ownWord}</Note>
      <p class="muted">{c.asOf}</p>
    </Card>
  );
}

function Services({ services }: { services: Service[] }) {
  const t = T();
  return (
    <Card title={t.computer.services}>
      <ul class="list hardware">
        {services.map((s) => {
          const [tone, icon] = VERDICTS[s.verdict];
          return (
            <li key={s.name} data-test={`service-${s.name}`}>
              <div class="row"><strong class="grow">{t.computer.serviceNames[s.name]}</strong><span class={`chip-state ${tone}`}><Icon name={icon} />{t.computer.verdicts[s.verdict]}</span></div>
              <p class="muted">{t.computer.serviceHelp[s.name]}</p>
              <p>{say(s.reason)}</p>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}

/** What is here, or could be after a step of the person's, comes first; the rest is folded away. */
function Technologies({ data }: { data: Hardware }) {
  const t = T();
  const near = data.technologies.filter((x) => x.chip || x.advice);
  const far = data.technologies.filter((x) => !x.chip && !x.advice);
  return (
    <Card title={t.computer.technologies}>
      <p class="muted">{t.computer.technologiesLead}</p>
      {data.role === 'confidential-guest' && <Note level="caution">{t.computer.stock}</Note>}
      {near.length > 0 ? <List items={near} /> : <p>{t.computer.noneHere}</p>}
      {far.length > 0 && <details><summary>{t.computer.absent(far.length)}</summary><List items={far} /></details>}
    </Card>
  );
}

function List({ items }: { items: Technology[] }) {
  const t = T();
  const c = t.computer;
  return (
    <ul class="list hardware">
      {items.map((x) => (
        <li key={x.name} data-test={`technology-${x.name}`}>
          <h3>{c.names[x.name]}</h3>
          <ul class="marks" aria-label={c.marks}>
            {x.chip ? <><Mark tone="ok" text={c.chip} /><Mark tone={x.firmware ? 'ok' : 'warn'} text={x.firmware ? c.firmware : c.noFirmware} /><Mark tone={x.usable ? 'ok' : 'warn'} text={x.usable ? c.usable : c.notUsable} /></> : <Mark tone="plain" text={c.noChip} />}
          </ul>
          <p>{say(x.reason)}</p>
          {x.advice && <p><span class="muted">{c.todo}</span> {say(x.advice)}</p>}
        </li>
      ))}
    </ul>
  );
}

function Mark({ tone, text }: { tone: 'ok' | 'warn' | 'plain'; text: string }) {
  return <li class={`chip-state ${tone}`}><Icon name={tone === 'ok' ? 'check' : 'x'} />{text}</li>;
}

function Report() {
  const t = T();
  return (
    <Card title={t.computer.report}>
      <p>{t.computer.reportLead}</p>
      <p class="command"><code class="mono">{t.computer.reportCommand}</code><CopyButton small text={t.computer.reportCommand} label={t.common.copy} /></p>
    </Card>
  );
}
