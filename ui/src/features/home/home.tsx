/* Home: what there is, what to do, what happened last. */
import { clean } from '../../format/clean';
import { age } from '../../format/time';
import { currentAccount, currentNetwork, now, offers, store } from '../../store/store';
import { say } from '../../store/toast';
import { command, useDoing } from '../../store/use';
import { sayCoded, T } from '../../text';
import { CopyButton, Identicon, Short } from '../../widgets/address';
import { Button, Card, Empty, ErrorPanel, Heading, LinkButton, Note, Skeleton } from '../../widgets/basic';
import { amountText, Figure, GradeBadge } from '../../widgets/figure';
import { ActivityRow } from '../../widgets/operation';

export function Home() {
  const t = T();
  const account = currentAccount.value;
  if (!account) {
    return <><Heading>{t.nav.home}</Heading><Card busy><Skeleton what={t.what.accounts} /></Card></>;
  }
  const health = store.health.value?.accounts.find((a) => a.account_id === account.id);
  return (
    <>
      <Heading aside={<span class="who"><Identicon address={account.address} /><span class="name">{clean(account.name, 40)}</span><Short value={account.address} /><CopyButton text={account.address} label={t.common.copy} small /></span>}>{t.home.title}</Heading>
      {health && !health.safe && currentNetwork.value?.kind === 'main' && health.reasons.map((r) => <Note key={r.code} level="caution">{sayCoded(t.health, r)}</Note>)}
      {health && <p class="muted"><a href="#/recovery" data-test="safety">{health.safe ? t.home.safe(health.ways_in) : t.home.unsafe(health.ways_in, health.tested)}</a></p>}
      <Balance accountId={account.id} />
      <Recent />
    </>
  );
}

function Balance({ accountId }: { accountId: string }) {
  const t = T();
  const doing = useDoing();
  const network = currentNetwork.value;
  const balances = store.balances.value?.items.find((b) => b.account_id === accountId);
  const native = balances?.items.find((b) => b.asset.kind === 'native');
  const chain = store.status.value?.chain;
  const faucet = async (): Promise<void> => {
    const came = await doing.run(() => command('faucet_request', { account_id: accountId, network_id: network!.id }));
    if (came) {
      say(t.home.faucetCame(amountText(came.amount)));
    }
  };
  return (
    <>
      <Card className="balance" title={t.home.balance} busy={!balances}
        aside={chain && chain.block > 0 ? <span class="muted tabular">{t.home.block(chain.block.toLocaleString(t.locale), age(chain.block_ms, now.value, t))}</span> : undefined}>
        {!store.balances.value ? <Skeleton lines={1} what={t.what.balances} />
          : native ? <p class="total" data-test="balance"><Figure figure={native.amount} size="big" /></p> : <p class="muted">{t.home.noBalance}</p>}
        <div class="actions start">
          <LinkButton to="send" kind="primary" icon="arrow-up-right" testId="go-send">{t.home.send}</LinkButton>
          <LinkButton to="receive" icon="arrow-down-left" testId="go-receive">{t.home.receive}</LinkButton>
          {network?.faucet && offers('faucet_request') && <Button icon="coins" busy={doing.busy} onPress={() => void faucet()} testId="faucet">{t.home.faucet}</Button>}
        </div>
        {doing.error && <ErrorPanel what={t.what.faucet} error={doing.error} retry={() => void faucet()} />}
      </Card>
      {balances && balances.items.length > 0 && (
        <Card title={t.home.assets} aside={balances.hidden > 0 ? <span class="muted">{t.home.hidden(balances.hidden)}</span> : undefined}>
          <ul class="list">
            {balances.items.filter((b) => !b.hidden).map((b) => (
              <li key={b.asset.id} class="asset">
                <span class={`coin c${b.asset.symbol.length % 4}`} aria-hidden="true">{clean(b.asset.symbol, 12).slice(0, 1)}</span>
                <span class="row-main"><strong><bdi>{clean(b.asset.symbol, 12)}</bdi></strong><span class="muted"><bdi>{clean(b.asset.name, 40)}</bdi></span></span>
                <span class="row-end"><Figure figure={b.amount} badge={false} /><GradeBadge figure={b.amount} /></span>
              </li>
            ))}
          </ul>
        </Card>
      )}
    </>
  );
}

function Recent() {
  const t = T();
  const activity = store.activity.value;
  const rows = activity?.rows.filter((r) => !r.spam).slice(0, 5) ?? [];
  return (
    <Card title={t.home.recent} busy={!activity} aside={rows.length > 0 ? <a href="#/activity">{t.home.all}</a> : undefined}>
      {!activity ? <Skeleton what={t.what.history} /> : rows.length === 0
        ? <Empty text={t.home.empty}><LinkButton to="receive" icon="arrow-down-left">{t.home.receive}</LinkButton></Empty>
        : <ul class="list">{rows.map((row, i) => <ActivityRow key={row.id} row={row} position={i + 1} total={rows.length} />)}</ul>}
    </Card>
  );
}
