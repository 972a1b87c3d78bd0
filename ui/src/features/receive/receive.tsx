/* Receive: the address as QR code and as ten groups. */
import { useState } from 'preact/hooks';
import { parseAmount } from '../../format/amount';
import { clean } from '../../format/clean';
import { currentAccount, currentNetwork, store } from '../../store/store';
import { useAsk } from '../../store/use';
import { T } from '../../text';
import { Address, CopyButton, Identicon, Qr } from '../../widgets/address';
import { Card, ErrorPanel, Heading, LinkButton, Note, Skeleton } from '../../widgets/basic';
import { amountText } from '../../widgets/figure';
import { Select, TextField } from '../../widgets/form';

export function Receive() {
  const t = T();
  const account = currentAccount.value;
  const network = currentNetwork.value;
  const isSmart = account?.kind === 'passkey';
  const vault = useAsk('vault_status', account?.kind === 'phrase' || account?.kind === 'key' ? {} : null).data;
  const [asset, setAsset] = useState('native');
  const [text, setText] = useState('');
  const assets = store.balances.value?.items.find((b) => b.account_id === account?.id)?.items.map((b) => b.asset) ?? (network ? [network.native] : []);
  const chosen = assets.find((a) => a.id === asset) ?? network?.native;
  const parsed = parseAmount(text.trim(), chosen?.decimals ?? 18);
  const amount = 'value' in parsed && parsed.value > 0n ? parsed.value : null;
  const asked = useAsk('receive_info', account && network
    ? { account_id: account.id, network_id: network.id, ...(amount !== null ? { asset, amount: amount.toString() } : {}) } : null, text ? 250 : 0);
  const fault = 'fault' in parsed && parsed.fault !== 'empty'
    ? parsed.fault === 'comma' ? t.send.comma : parsed.fault === 'decimals' ? t.error.amount_decimals({ symbol: chosen?.symbol ?? '', decimals: String(chosen?.decimals ?? 18) }) : t.error.amount_not({} as never) : undefined;
  const info = asked.data;
  return (
    <div class="narrow">
      <Heading>{t.receive.title}</Heading>
      <Card className="receive" busy={!info}>
        {asked.error && <ErrorPanel what={t.what.address} error={asked.error} retry={asked.reload} />}
        {!info && !asked.error && <Skeleton what={t.what.address} />}
        {info && (
          <>
            <Qr text={info.uri} label={t.receive.qr(info.address)} />
            {amount !== null && chosen && !asked.busy && <p>{t.receive.withAmount(amountText({ value: amount.toString(), decimals: chosen.decimals, unit: chosen.symbol }, true))}</p>}
            <p class="party big"><Identicon address={info.address} /><Address value={info.address} /></p>
            <div class="row center">
              <span class="ok-text"><Note level="ok">{t.receive.checksum}</Note></span>
              <CopyButton text={info.address} label={t.address.copy} />
            </div>
            <div class="notes">
              <Note level="info">{t.receive.only(clean(info.network, 40))}</Note>
              {isSmart && !info.on_chain && <Note level="info">{t.receive.notOnChain}</Note>}
              {isSmart && info.ways_in < 2 && <Note level="caution">{t.receive.oneWay}</Note>}
              {vault && vault.passkeys.length + (vault.has_phrase ? 1 : 0) < 2 && <Note level="caution">{t.vault.oneWay} <a href="#/vault">{t.vault.title}</a></Note>}
              {account?.kind === 'watch' && <Note level="info">{t.error.account_watched({} as never)}</Note>}
            </div>
          </>
        )}
        <details>
          <summary>{t.receive.ask}</summary>
          <div class="columns">
            {assets.length > 1 && <Select label={t.receive.asset} value={asset} options={assets.map((a) => [a.id, clean(a.symbol, 12)])} onValue={setAsset} />}
            <TextField label={t.receive.amount} value={text} onValue={setText} mode="decimal" error={fault} max={80} />
          </div>
        </details>
        <div class="actions"><LinkButton to="home" icon="arrow-left">{t.common.back}</LinkButton></div>
      </Card>
    </div>
  );
}
