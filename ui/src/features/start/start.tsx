/* First start: welcome, where the key lives, ready. */
import { useEffect, useState } from 'preact/hooks';
import type { Account, Methods } from '../../api/generated';
import { createPasskey, hasPlatformAuthenticator } from '../../api/webauthn';
import { clean } from '../../format/clean';
import { runCeremony } from '../../store/ceremony';
import { go } from '../../store/go';
import { currentNetwork, store } from '../../store/store';
import { command, useDoing } from '../../store/use';
import { reloadNetworks } from '../../store/live';
import { T } from '../../text';
import { Address, CopyButton, Identicon } from '../../widgets/address';
import { Button, Card, ErrorPanel, Heading, LinkButton, Note } from '../../widgets/basic';
import { Choice, Select, Steps, TextField } from '../../widgets/form';
import { PublicDht } from '../../widgets/public_dht';

type Where = Methods['account_create_begin']['params']['where'];

export function Start() {
  const t = T();
  const [step, setStep] = useState<'welcome' | 'key' | 'ready'>('welcome');
  const [made, setMade] = useState<Account | null>(null);
  const [resume, setResume] = useState<{ id: string; name: string } | null>(null);
  const isFirst = (store.accounts.value?.accounts.length ?? 0) === 0;
  const number = step === 'welcome' ? 0 : step === 'key' ? 1 : 2;
  return (
    <div class="narrow">
      <Heading>{step === 'ready' ? t.start.ready : step === 'key' ? t.start.where : t.start.title}</Heading>
      <Steps steps={t.start.steps} current={number} label={t.start.stepsLabel} />
      {step === 'welcome' && <Welcome onMake={() => setStep('key')} onResume={(c) => {
        setResume(c);
        setStep('key');
      }} isFirst={isFirst} />}
      {step === 'key' && <Key resume={resume} onBack={() => setStep('welcome')} onMade={(account) => {
        setMade(account);
        setStep('ready');
      }} />}
      {step === 'ready' && made && <Ready account={made} />}
    </div>
  );
}

function Welcome({ onMake, onResume, isFirst }: { onMake(): void; onResume(c: { id: string; name: string }): void; isFirst: boolean }) {
  const t = T();
  const doing = useDoing();
  const status = store.status.value;
  const settings = store.settings.value;
  const pending = status?.ceremonies.find((c) => c.kind === 'create');
  const set = (changes: Methods['settings_set']['params']['changes']): void => void doing.run(() => command('settings_set', { changes }));
  return (
    <>
      <Card className="hero">
        <p class="lead">{t.start.lead}</p>
        <p class="muted">{t.start.lead2}</p>
        {pending && (
          <Note level="caution">
            <p>{t.start.unfinished} <strong><bdi>{clean(pending.name)}</bdi></strong></p>
            <div class="row">
              <Button kind="primary" onPress={() => onResume(pending)}>{t.start.finish}</Button>
              <Button onPress={() => void doing.run(() => command('account_create_cancel', { ceremony_id: pending.id }))}>{t.start.forget}</Button>
            </div>
          </Note>
        )}
        <div class="actions stretch">
          {!isFirst && <LinkButton to="accounts" icon="arrow-left">{t.common.back}</LinkButton>}
          <Button kind="primary" icon="fingerprint-pattern" onPress={onMake} testId="make">{t.start.make}</Button>
        </div>
        <p><a href="#/accounts/add" data-test="other-ways">{t.start.other}</a></p>
        {isFirst && <p><a href="#/restore" data-test="to-restore">{t.start.restore}</a></p>}
      </Card>
      {doing.error && <ErrorPanel what={t.what.save} error={doing.error} />}
      {isFirst && <PublicDht question />}
      {isFirst && settings && (
        <Card>
          <div class="columns">
            <Select label={t.start.language} value={settings.language} options={[['auto', t.settings.languageAuto], ['en', 'English'], ['zh-Hans', '中文']]} onValue={(language) => set({ language })} />
            <Select label={t.start.theme} value={settings.theme} options={[['system', t.settings.themes.system], ['light', t.settings.themes.light], ['dark', t.settings.themes.dark]]} onValue={(theme) => set({ theme })} />
            {store.networks.value.length > 1 && <Select label={t.start.network} value={status?.network_id ?? ''} options={store.networks.value.map((n) => [n.id, clean(n.name, 40)])}
              onValue={(network_id) => void doing.run(() => command('network_select', { network_id }).then(reloadNetworks))} />}
          </div>
          {status && (
            <div class="notes">
              <Note level={status.keys === 'ok' ? 'ok' : 'danger'}>{status.keys === 'ok' ? t.start.keysOk : t.start.keysDown}</Note>
              <Note level={status.servers > 0 ? 'ok' : 'caution'}>{status.servers > 0 ? t.start.netOk(status.peers, status.servers) : t.start.netNone} <a href="#/network">{t.nav.network}</a></Note>
            </div>
          )}
        </Card>
      )}
    </>
  );
}

function Key({ resume, onBack, onMade }: { resume: { id: string; name: string } | null; onBack(): void; onMade(account: Account): void }) {
  const t = T();
  const [where, setWhere] = useState<Where>('any');
  const count = store.accounts.value?.accounts.length ?? 0;
  const [name, setName] = useState(resume?.name ?? (count === 0 ? t.start.accountDefault : `${t.start.accountDefault} ${count + 1}`));
  const [keyName, setKeyName] = useState(t.start.keyDefault);
  const [hasDevice, setHasDevice] = useState(true);
  const doing = useDoing();
  useEffect(() => void hasPlatformAuthenticator().then(setHasDevice), []);
  const make = async (): Promise<void> => {
    const account = await doing.run(async () => {
      const begun = await command('account_create_begin', { name: name.trim(), where, ...(resume ? { resume: resume.id } : {}) });
      return runCeremony({
        what: t.start.forWhat(clean(name, 40)), timeoutMs: begun.options.timeout_ms,
        ask: (signal) => createPasskey(begun.options, signal),
        hand: (response) => command('account_create_finish', { ceremony_id: begun.ceremony.id, passkey_name: keyName.trim(), response }),
      });
    });
    if (account) {
      onMade(account);
    }
  };
  const missing = name.trim() === '' || keyName.trim() === '' ? t.common.name : undefined;
  return (
    <form onSubmit={(event) => {
      event.preventDefault();
      void make();
    }}>
      <Card>
        <Choice hideLegend label={t.start.where} value={where} onValue={(v) => setWhere(v)} options={[
          { value: 'any', label: t.start.any, help: t.start.anyHelp, icon: 'fingerprint-pattern' },
          { value: 'this_device', label: t.start.device, help: t.start.deviceHelp, icon: 'laptop', deadWhy: hasDevice ? undefined : t.start.noDevice },
          { value: 'phone', label: t.start.phone, help: t.start.phoneHelp, icon: 'smartphone' },
          { value: 'security_key', label: t.start.securityKey, help: t.start.securityKeyHelp, icon: 'usb' },
        ]} />
        <div class="columns">
          <TextField label={t.start.accountName} value={name} onValue={setName} testId="account-name" />
          <TextField label={t.start.keyName} value={keyName} onValue={setKeyName} testId="key-name" />
        </div>
        {doing.error && <ErrorPanel what={t.what.create} error={doing.error} retry={() => void make()} />}
        <div class="actions">
          <Button icon="arrow-left" onPress={onBack}>{t.common.back}</Button>
          <Button kind="primary" submit icon="fingerprint-pattern" busy={doing.busy} disabledWhy={missing} testId="make-passkey">{t.start.makePasskey}</Button>
        </div>
      </Card>
    </form>
  );
}

function Ready({ account }: { account: Account }) {
  const t = T();
  useEffect(() => document.querySelector<HTMLElement>('h1')?.focus(), []);
  return (
    <Card className="hero">
      <p>{t.start.readyLead}</p>
      <p class="party big"><Identicon address={account.address} /><Address value={account.address} /></p>
      <CopyButton text={account.address} label={t.address.copy} />
      {!account.safe && <Note level="caution">{t.start.oneWay}</Note>}
      <p class="muted">{currentNetwork.value && clean(currentNetwork.value.name)}</p>
      <div class="actions stretch">
        <Button onPress={() => go('receive')}>{t.start.receive}</Button>
        <Button kind="primary" onPress={() => go('home')} testId="to-home">{t.start.home}</Button>
      </div>
    </Card>
  );
}
