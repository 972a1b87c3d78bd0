/* Approval: who asked, what is signed, how each figure was checked, what happens next, how to undo it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { usePasskey } from '../../api/webauthn';
import type { Assertion, Operation, Reading } from '../../api/generated';
import { clean } from '../../format/clean';
import { toDecimal } from '../../format/amount';
import { clock, span } from '../../format/time';
import { ceremony, runCeremony } from '../../store/ceremony';
import { goInstead } from '../../store/go';
import { currentNetwork, link, now, putOperation, store } from '../../store/store';
import { say } from '../../store/toast';
import { command, useAsk, useDoing } from '../../store/use';
import { sayCoded, sayRisk, T } from '../../text';
import { partyName, PartyFull } from '../../widgets/address';
import { Card, ErrorPanel, Heading, LinkButton, Note, Skeleton } from '../../widgets/basic';
import { ApproveBar, useSeen } from '../../widgets/approve_bar';
import { STALE_MS, type ApproveFacts } from '../../widgets/approve_rules';
import { KeyValue } from '../../widgets/form';
import { Effects, Exact, isOwnCall, RiskLine, whatOf } from '../../widgets/operation';

/** What the key process itself read in the transaction that it is about to sign. */
function readingRows(reading: Reading): [string, string][] {
  const t = T();
  const native = currentNetwork.value?.native;
  const units = (wei: string | undefined): string => `${toDecimal(BigInt(wei ?? '0'), native?.decimals ?? 18)} ${clean(native?.symbol ?? 'wei', 12)}`;
  const rows: [string, string][] = [[t.approve.fields.chain_id, String(reading.chain_id)], [t.approve.fields.nonce, reading.nonce ?? '']];
  if (reading.token_to) {
    rows.push([t.ordinary.read.token, reading.to ?? ''], [t.approve.to, reading.token_to], [t.ordinary.read.tokenAmount, reading.token_amount ?? '']);
  } else {
    rows.push([t.approve.to, reading.to ?? t.ordinary.read.makesContract], [t.activity.amount, units(reading.value)]);
    if ((reading.data_bytes ?? 0) > 0) {
      rows.push([t.approve.fields.data, String(reading.data_bytes)]);
    }
  }
  rows.push([t.approve.feeAtMost, units(reading.fee_max)]);
  return rows;
}

export function Approve({ id }: { id: string }) {
  const t = T();
  const known = store.operations.value[id];
  const asked = useAsk('operation_get', known ? null : { operation_id: id });
  const operation = known ?? asked.data;
  if (asked.error) {
    return <><Heading>{t.approve.approve}</Heading><Card><ErrorPanel what={t.what.request} error={asked.error} retry={asked.reload} /><LinkButton to="home" icon="arrow-left">{t.nav.home}</LinkButton></Card></>;
  }
  return operation ? <Request key={operation.id} operation={operation} /> : <><Heading>{t.approve.approve}</Heading><Card busy><Skeleton what={t.what.request} lines={6} /></Card></>;
}

function Request({ operation }: { operation: Operation }) {
  const t = T();
  const [ticks, setTicks] = useState<string[]>([]);
  const [signing, setSigning] = useState(false);
  const doing = useDoing();
  const last = useRef<HTMLDivElement>(null);
  const revision = `${operation.id}/${operation.revision}`;
  const seen = useSeen(last, revision);
  const wasRevision = useRef(revision);
  const hasChanged = wasRevision.current !== revision;
  useEffect(() => setTicks([]), [revision]);
  const waiting = store.requests.value?.operations ?? [];
  const place = waiting.findIndex((o) => o.id === operation.id);
  const leftMs = operation.expires_ms > 0 ? operation.expires_ms - now.value : Infinity;
  const isOpen = operation.state === 'prepared' && leftMs > 0;
  const payer = store.accounts.value?.accounts.find((a) => a.id === operation.account_id);
  const isOrdinary = payer?.kind === 'phrase' || payer?.kind === 'key';
  const facts: ApproveFacts = {
    isAnswered: !isOpen || (!operation.request && !isOrdinary), isBusy: signing, isLinkUp: link.value === 'up', areKeysUp: store.status.value?.keys !== 'down',
    isDoubtful: store.status.value?.chain.state === 'doubtful', isBlocked: operation.risks.some((r) => r.level === 'blocked'),
    isDecoded: (operation.effects.length > 0 || operation.kind === 'cancel' || isOwnCall(operation.kind)) && operation.risks.every((r) => sayRisk(r)), isStale: !operation.signers?.length && now.value - operation.fee.max.as_of_ms > STALE_MS,
    isTrialRunning: operation.trial.state === 'running', shownMs: seen.shownMs, quietMs: seen.quietMs, isSeen: seen.isSeen,
    unticked: operation.risks.filter((r) => r.tick && !ticks.includes(r.id)).length,
  };
  const approve = async (): Promise<void> => {
    setSigning(true);
    const hand = (assertion: Assertion): Promise<Operation> => command('send_approve', { operation_id: operation.id, revision: operation.revision, ticks, assertion });
    const signed = isOrdinary
      ? await doing.run(async () => (await import('../../store/vault')).signWithVault(() => command('sign_begin', { operation_id: operation.id, revision: operation.revision }), whatOf(operation, true), readingRows, hand))
      : await runCeremony({
        what: whatOf(operation, true), checkCode: operation.check_code, timeoutMs: operation.request!.timeout_ms,
        ask: (signal) => usePasskey(operation.request!, signal), hand,
      });
    setSigning(false);
    if (signed?.state === 'prepared') {
      wasRevision.current = `${signed.id}/${signed.revision}`; /* what changed is the signature just given */
      putOperation(signed);
      say(t.approve.nextSigner);
    } else if (signed) {
      putOperation(signed);
      say(t.approve.approved);
      goInstead(`activity/${signed.id}`);
    }
  };
  const reject = async (): Promise<void> => {
    const gone = await doing.run(() => command('send_cancel', { operation_id: operation.id }));
    if (gone) {
      putOperation(gone);
      say(t.approve.rejected);
      goInstead('home');
    }
  };
  return (
    <div class="approve" data-test="approve-screen">
      <Heading aside={<span class="muted tabular">{waiting.length > 1 && place >= 0 && `${t.approve.nth(place + 1, waiting.length)} · `}{isOpen && Number.isFinite(leftMs) && t.approve.ends(clock(leftMs))}</span>}>
        {t.approve.title(whatOf(operation))}
      </Heading>
      {isOpen && leftMs < 30_000 && <p class="sr" role="alert">{t.approve.endsSoon}</p>}
      {hasChanged && isOpen && <div role="status"><Note level="caution">{t.approve.changed}</Note></div>}
      {!isOpen && !ceremony.value && <Answered operation={operation} />}
      <Asked operation={operation} />
      <Card title={t.approve.happens} className="happens">
        <Effects effects={operation.effects} fee={operation.fee} payer={partyName(operation.from)} trial={operation.trial} />
        <p class="muted">{operation.trial.state === 'done' ? t.approve.trial.done(operation.trial.block.toLocaleString(t.locale)) : t.approve.trial[operation.trial.state]}</p>
      </Card>
      {operation.risks.length > 0 && (
        <section aria-label={t.approve.risks} class="notes">
          {operation.risks.map((risk) => <RiskLine key={risk.id} risk={risk} isTicked={ticks.includes(risk.id)} onTick={(on) => {
            seen.touch();
            setTicks(on ? [...ticks, risk.id] : ticks.filter((x) => x !== risk.id));
          }} />)}
        </section>
      )}
      <Card>
        <KeyValue rows={[[t.approve.next, sayCoded(t.next, operation.next)], [t.approve.undo, sayCoded(t.undo, operation.undo)],
          ...(operation.owners.length > 0 ? [[t.approve.owners, operation.owners.map((o) => clean(o, 40)).join(', ')] as [string, string]] : []),
          ...(operation.signers_needed ? [[t.approve.signers, <span data-test="signers">{t.approve.signedBy((operation.signers?.length ?? 0) + (operation.signed_elsewhere ?? 0), operation.signers_needed, (operation.signers ?? []).map((o) => clean(o, 40)).join(', '))}</span>] as [string, preact.ComponentChildren]] : []),
          ...(operation.check_code ? [[t.approve.checkCode, <><span class="mono code" data-test="check-code">{operation.check_code}</span> <span class="muted">{t.approve.checkHelp}</span></>] as [string, preact.ComponentChildren]] : [])]} />
        {operation.exact && <Exact operation={operation} />}
        {isOpen && !!operation.signers?.length && <LinkButton to={`guardians/${operation.id}`} testId="sign-elsewhere">{t.approve.elsewhere}</LinkButton>}
      </Card>
      {doing.error && <ErrorPanel what={t.what.reject} error={doing.error} retry={() => void reject()} />}
      <div ref={last} class="last-line" />
      {isOpen
        ? <ApproveBar facts={facts} rejecting={doing.busy} onReject={() => void reject()} onApprove={() => void approve()}
            onRest={() => last.current?.scrollIntoView({ block: 'end', behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' })} />
        : <div class="action-bar"><LinkButton to="home" icon="arrow-left">{t.nav.home}</LinkButton><LinkButton to={`activity/${operation.id}`} kind="primary">{t.activity.openIt}</LinkButton></div>}
    </div>
  );
}

function Answered({ operation }: { operation: Operation }) {
  const t = T();
  const text = operation.state === 'prepared' || operation.state === 'expired' ? t.state.expired : operation.state === 'cancelled' ? t.approve.rejected : t.state.elsewhere;
  return <div role="status"><Note level="info">{text}</Note></div>;
}

function Asked({ operation }: { operation: Operation }) {
  const t = T();
  const by = operation.asked_by;
  const age = now.value - by.first_seen_ms;
  return (
    <Card className="parties">
      <KeyValue rows={[
        [t.approve.asked, by.kind === 'self' ? t.approve.self : by.kind === 'command_line' ? t.approve.command_line
          : <><strong class="mono">{clean(by.origin)}</strong>{age < 3_600_000 && <span class="muted"> · {t.approve.newTo}, {span(age, t)}</span>}</>],
        [t.approve.from, <><PartyFull party={operation.from} /><span class="muted block">{t.approve.on(clean(currentNetwork.value?.name ?? operation.network_id, 40))}</span></>],
        ...(operation.kind === 'cancel' || isOwnCall(operation.kind) ? [] : [[t.approve.to, <PartyFull party={operation.to} />] as [string, preact.ComponentChildren]]),
      ]} />
    </Card>
  );
}
