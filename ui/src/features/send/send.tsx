/* Send: address and amount are checked while typing; Review prepares, nothing is signed here. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Asset, Methods, Speed } from '../../api/generated';
import { differing } from '../../format/address';
import { parseAmount, toDecimal } from '../../format/amount';
import { clean } from '../../format/clean';
import { span } from '../../format/time';
import { go, prefill } from '../../store/go';
import { currentAccount, currentNetwork, link, putOperation, store } from '../../store/store';
import { command, useAsk, useDoing, type Asked } from '../../store/use';
import { sayCoded, T } from '../../text';
import { Address, Identicon, Short } from '../../widgets/address';
import { Button, Card, ErrorPanel, Heading, LinkButton, Skeleton } from '../../widgets/basic';
import { amountText, Figure, GradeBadge } from '../../widgets/figure';
import { Choice, KeyValue, Select, TextField } from '../../widgets/form';
import { RiskNote } from '../../widgets/operation';

type Check = Methods['address_check']['result'];
type Quote = Methods['fee_quote']['result'];

export function Send() {
  const t = T();
  const account = currentAccount.value;
  const network = currentNetwork.value;
  const isReady = account && network && store.balances.value;
  return (
    <div class="narrow">
      <Heading>{t.send.title}</Heading>
      {isReady ? <SendForm accountId={account.id} networkId={network.id} native={network.native} /> : <Card busy><Skeleton what={t.what.balances} /></Card>}
    </div>
  );
}

function usePrefill(): { to: string; asset: string; amount: string } {
  const first = useRef({ to: prefill.to ?? '', asset: prefill.asset ?? 'native', amount: prefill.amount ?? '' });
  useEffect(() => {
    prefill.to = prefill.asset = prefill.amount = undefined;
  }, []);
  return first.current;
}

function SendForm({ accountId, networkId, native }: { accountId: string; networkId: string; native: Asset }) {
  const t = T();
  const start = usePrefill();
  const [to, setTo] = useState(start.to);
  const [assetId, setAssetId] = useState(start.asset);
  const [amountWords, setAmountWords] = useState(start.amount);
  const [speed, setSpeed] = useState<Speed>('normal');
  const [sure, setSure] = useState('');
  const [tried, setTried] = useState(false);
  const doing = useDoing();
  const balances = store.balances.value?.items.find((b) => b.account_id === accountId)?.items ?? [];
  const asset = balances.find((b) => b.asset.id === assetId)?.asset ?? native;
  const text = to.trim();
  const checked = useAsk('address_check', text ? { text, account_id: accountId, network_id: networkId, asset: asset.id } : null, 200);
  const check = text && !checked.busy ? checked.data : null;
  const parsed = parseAmount(amountWords.trim(), asset.decimals);
  const amount = 'value' in parsed ? parsed.value : null;
  const asked = useAsk('fee_quote', {
    account_id: accountId, network_id: networkId, asset: asset.id, ...(check?.address ? { to: check.address } : {}), ...(amount ? { amount: amount.toString() } : {}),
  }, 250, store.status.value?.chain.block);
  /* The last answer stays while a new one is awaited, but never across a change of the asset: its limits are of another thing. */
  const last = useRef<{ asset: string; data: Quote | null }>({ asset: '', data: null });
  if (!asked.busy) {
    last.current = { asset: asset.id, data: asked.data };
  }
  const quote = { ...asked, data: last.current.asset === asset.id ? last.current.data : null };
  const fee = quote.data?.speeds.find((s) => s.fee.speed === speed) ?? quote.data?.speeds[0];
  const alike = check?.look_alike && sure !== text;
  const chain = store.status.value?.chain.state;
  const fault = amountFault(amountWords.trim(), asset, amount, fee, quote.data);
  const why = link.value === 'lost' ? t.approve.dead.lost : chain === 'doubtful' ? t.send.pause : !text ? t.send.missingTo : alike ? t.send.confirmAlike : check && !check.ok ? badAddress(check)
    : !amount ? fault ?? t.send.missingAmount : fault;

  const review = async (): Promise<void> => {
    setTried(true);
    if (why || !check?.address || !amount) {
      document.querySelector<HTMLElement>(!check?.ok || alike ? 'textarea' : '[data-test=amount]')?.focus();
      return;
    }
    const operation = await doing.run(() => command('send_prepare', {
      account_id: accountId, network_id: networkId, asset: asset.id, to: check.address!, amount: amount.toString(), speed: fee?.fee.speed ?? speed,
    }));
    if (operation) {
      putOperation(operation);
      go(`approve/${operation.id}`);
    }
  };
  const setMax = (): void => {
    if (fee) {
      setAmountWords(toDecimal(BigInt(fee.max_amount.value), asset.decimals));
    }
  };
  return (
    <form onSubmit={(event) => {
      event.preventDefault();
      void review();
    }}>
      <Card>
        <AddressPart to={to} onTo={setTo} checked={checked} check={check} isAlike={!!alike} onSure={() => setSure(text)} showMissing={tried && !text} />
      </Card>
      <Card>
        <div class="amount-row">
          {balances.length > 1 && <Select label={t.send.asset} value={asset.id} options={balances.filter((b) => !b.hidden).map((b) => [b.asset.id, clean(b.asset.symbol, 12)])} onValue={setAssetId} testId="asset" />}
          <TextField label={balances.length > 1 ? t.send.amount : `${t.send.amount} (${clean(asset.symbol, 12)})`} value={amountWords} onValue={(v) => setAmountWords(v.trim())} mode="decimal" max={80} testId="amount"
            help={fee && amount !== null && asset.kind === 'native' && amount === BigInt(fee.max_amount.value) ? t.send.maxNote(amountText(fee.fee.max, true)) : undefined}
            error={fault ?? (tried && !amountWords ? t.send.missingAmount : undefined)}
            aside={<Button onPress={setMax} disabledWhy={fee ? undefined : t.common.loading(t.what.fee)} testId="max">{t.send.max}</Button>} />
        </div>
        <FeePart quote={quote} speed={fee?.fee.speed ?? speed} onSpeed={setSpeed} asset={asset} amount={amount} fee={fee} />
      </Card>
      {doing.error && <ErrorPanel what={t.what.prepare} error={doing.error} retry={() => void review()} />}
      <p class="muted hint">{t.send.hint}</p>
      <div class="action-bar">
        <LinkButton to="home" icon="arrow-left">{t.common.back}</LinkButton>
        <Button kind="primary" submit busy={doing.busy || checked.busy} testId="review">{t.send.review}</Button>
        <p class="bar-note muted" role="status">{tried && why ? why : '\u00a0'}</p>
      </div>
    </form>
  );
}

function badAddress(check: Check): string {
  const t = T();
  const blocked = check.risks.find((r) => r.level === 'blocked');
  return check.error ? sayCoded(t.error, check.error) : blocked ? sayCoded(t.risk, blocked) : t.send.missingTo;
}

function amountFault(text: string, asset: Asset, amount: bigint | null, fee: Quote['speeds'][number] | undefined, quote: Quote | null): string | undefined {
  const t = T();
  const parsed = parseAmount(text, asset.decimals);
  if ('fault' in parsed) {
    switch (parsed.fault) {
      case 'empty': return undefined;
      case 'comma': return t.send.comma;
      case 'not': return t.error.amount_not({} as never);
      case 'decimals': return t.error.amount_decimals({ symbol: clean(asset.symbol, 12), decimals: String(asset.decimals) });
    }
  }
  if (fee && amount !== null && amount > BigInt(fee.max_amount.value)) {
    return t.error.amount_exceeds({ available: toDecimal(BigInt(fee.max_amount.value), asset.decimals), symbol: clean(asset.symbol, 12) });
  }
  if (fee && quote && BigInt(fee.fee.max.value) > BigInt(quote.have_native.value)) {
    return t.error.fee_exceeds({ fee: toDecimal(BigInt(fee.fee.max.value), fee.fee.max.decimals), available: toDecimal(BigInt(quote.have_native.value), quote.have_native.decimals), symbol: clean(fee.fee.max.unit, 12) });
  }
  return amount === 0n ? t.error.amount_zero({} as never) : undefined;
}

function AddressPart({ to, onTo, checked, check, isAlike, onSure, showMissing }: { to: string; onTo(v: string): void; checked: Asked<Check>; check: Check | null; isAlike: boolean; onSure(): void; showMissing: boolean }) {
  const t = T();
  const contacts = useAsk('contacts_list', {});
  const error = check?.error ? sayCoded(t.error, check.error) : showMissing ? t.send.missingTo : undefined;
  const status = !to.trim() ? t.send.toHelp : checked.busy ? t.send.checking : check?.ok && !check.look_alike ? (check.party?.name ? t.send.known(clean(check.party.name, 40)) : t.send.good) : '';
  return (
    <>
      <TextField label={t.send.to} value={to} onValue={(v) => onTo(v.replace(/\s+/g, ''))} rows={2} mono max={256} help={status} error={error} testId="to" />
      {check?.address && !check.look_alike && <p class="party"><Identicon address={check.address} /><Address value={check.address} /></p>}
      {checked.error && <ErrorPanel what={t.what.address} error={checked.error} retry={checked.reload} />}
      {check?.look_alike && check.address && (
        <div class="note danger compare" role="group" aria-label={t.send.lookTitle}>
          <div class="grow">
            <KeyValue rows={[[clean(check.look_alike.name, 40), <Address value={check.look_alike.address} />], [t.send.this, <Address value={check.address} compareTo={check.look_alike.address} />]]} />
            <p>{t.address.differ(differing(check.address, check.look_alike.address).size)}</p>
            <div class="row">
              <Button onPress={() => onTo(check.look_alike!.address)}>{t.send.use(clean(check.look_alike.name, 40))}</Button>
              {isAlike && <Button kind="danger" onPress={onSure}>{t.send.useThis}</Button>}
            </div>
          </div>
        </div>
      )}
      {check && check.risks.length > 0 && <div class="notes">{check.risks.map((r) => <RiskNote key={r.id} risk={r} />)}</div>}
      {!to && contacts.data && contacts.data.contacts.length > 0 && (
        <div class="contacts">
          <p class="label" id="contacts-label">{t.send.contacts}</p>
          <ul class="list" aria-labelledby="contacts-label">
            {contacts.data.contacts.slice(0, 8).map((c) => (
              <li key={c.id}><button type="button" class="row-link" onClick={() => onTo(c.address)} data-test="contact">
                <Identicon address={c.address} /><span class="row-main"><strong><bdi>{clean(c.name, 40)}</bdi></strong><Short value={c.address} /></span>
              </button></li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

function FeePart({ quote, speed, onSpeed, asset, amount, fee }: { quote: Asked<Quote>; speed: Speed; onSpeed(v: Speed): void; asset: Asset; amount: bigint | null; fee: Quote['speeds'][number] | undefined }) {
  const t = T();
  if (quote.error) {
    return <ErrorPanel what={t.what.fee} error={quote.error} retry={quote.reload} />;
  }
  if (!quote.data || !fee) {
    return <Skeleton lines={2} what={t.what.fee} />;
  }
  const names: Record<Speed, string> = { normal: t.send.normal, fast: t.send.fast, own: t.send.own };
  const have = BigInt(quote.data.have.value);
  const spent = (amount ?? 0n) + (asset.kind === 'native' ? BigInt(fee.fee.max.value) : 0n);
  return (
    <>
      {quote.data.speeds.length > 1 && (
        <Choice wide label={t.send.speed} value={speed} onValue={(v) => onSpeed(v)}
          options={quote.data.speeds.map((s) => ({ value: s.fee.speed, label: names[s.fee.speed], help: `${t.send.wait(span(s.fee.wait_s * 1000, t))} · ${amountText(s.fee.max)}` }))} />
      )}
      <KeyValue rows={[
        [t.send.fee, <span class="figure"><Figure figure={fee.fee.max} full badge={false} /><GradeBadge figure={fee.fee.max} /></span>],
        [t.send.have, <Figure figure={quote.data.have} />],
        ...(amount && have >= spent ? [[t.send.leaves, <span class="tabular">{amountText({ ...quote.data.have, value: (have - spent).toString() })}</span>] as [string, preact.ComponentChildren]] : []),
      ]} />
    </>
  );
}
