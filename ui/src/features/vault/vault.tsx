/* The vault of ordinary accounts: who opens it, open and lock, another passkey, the recovery phrase. */
import { useState } from 'preact/hooks';
import { store } from '../../store/store';
import { say } from '../../store/toast';
import { useAsk, useDoing } from '../../store/use';
import { enrolStep, enrolVault, lockVault, makeRecovery, openByPhrase, openVault, type Where } from '../../store/vault';
import { T } from '../../text';
import { Button, Card, ErrorPanel, Heading, Icon, LinkButton, Note, Skeleton } from '../../widgets/basic';
import { Choice, Steps } from '../../widgets/form';
import { SecretField, Words } from '../../widgets/secret';

export function Vault() {
  const t = T();
  const state = store.status.value?.vault;
  const asked = useAsk('vault_status', {}, 0, state);
  const doing = useDoing();
  const [phrase, setPhrase] = useState<string | null>(null);
  const [typed, setTyped] = useState<string | null>(null);
  const vault = asked.data;
  const act = async (what: () => Promise<unknown>, said: string): Promise<void> => {
    if (await doing.run(what)) {
      say(said);
    }
    asked.reload();
  };
  const recovery = async (): Promise<void> => {
    const words = await doing.run(makeRecovery);
    if (words) {
      setPhrase(words);
    }
    asked.reload();
  };
  const openTyped = (): Promise<void> => act(async () => {
    const words = typed ?? '';
    setTyped('');
    await openByPhrase(words);
    setTyped(null);
    return true;
  }, t.vault.opened);
  if (asked.error) {
    return <div class="narrow"><Heading>{t.vault.title}</Heading><Card><ErrorPanel what={t.what.vault} error={asked.error} retry={asked.reload} /></Card></div>;
  }
  if (!vault) {
    return <div class="narrow"><Heading>{t.vault.title}</Heading><Card busy><Skeleton what={t.what.vault} /></Card></div>;
  }
  const isOpen = vault.state === 'open';
  const wait = Math.ceil(vault.wait_ms / 1000);
  return (
    <div class="narrow wide-narrow" data-test="vault" data-state={vault.state}>
      <Heading>{t.vault.title}</Heading>
      <Card>
        <p>{t.vault.lead}</p>
        {vault.state === 'none' ? <Note level="info">{t.vault.none}</Note>
          : <p><span class={`chip-state ${isOpen ? 'ok' : 'info'}`}><Icon name={isOpen ? 'circle-check' : 'lock'} />{isOpen ? t.vault.isOpen : t.vault.isLocked}</span> <span class="muted">{t.vault.passkeys(vault.passkeys.length)} · {vault.has_phrase ? t.vault.hasPhrase : t.vault.noPhrase}</span></p>}
        {vault.state !== 'none' && <p><a href="#/recovery" data-test="to-recovery">{t.vault.waysIn}</a></p>}
        {vault.state !== 'none' && vault.passkeys.length + (vault.has_phrase ? 1 : 0) < 2 && <Note level="caution">{t.vault.oneWay}</Note>}
        {wait > 0 && vault.state === 'locked' && <Note level="caution">{t.error.vault_wait({ seconds: String(wait) })}</Note>}
        {doing.error && <ErrorPanel what={t.what.vault} error={doing.error} />}
        {vault.state === 'locked' && (
          <div class="row">
            <Button kind="primary" icon="fingerprint-pattern" busy={doing.busy} onPress={() => void act(openVault, t.vault.opened)} testId="vault-open">{t.vault.open}</Button>
            {vault.has_phrase && typed === null && <Button onPress={() => setTyped('')} testId="vault-by-phrase">{t.vault.byPhrase}</Button>}
          </div>
        )}
        {isOpen && (
          <div class="row">
            <Button icon="lock" busy={doing.busy} onPress={() => void act(lockVault, t.vault.locked)} testId="vault-lock">{t.vault.lock}</Button>
            <LinkButton to="accounts/add" icon="plus">{t.accounts.add}</LinkButton>
          </div>
        )}
        {typed !== null && vault.state === 'locked' && (
          <form class="inline-form" onSubmit={(event) => {
            event.preventDefault();
            void openTyped();
          }}>
            <SecretField label={t.vault.phrase} value={typed} onValue={setTyped} rows={2} testId="vault-phrase" />
            <div class="row"><Button submit kind="primary" busy={doing.busy} disabledWhy={typed.trim() ? undefined : t.vault.phrase}>{t.vault.open}</Button><Button onPress={() => setTyped(null)}>{t.common.cancel}</Button></div>
          </form>
        )}
      </Card>
      {phrase && <Card title={t.vault.phrase}><p>{t.vault.phraseLead}</p><Words text={phrase} onDone={() => setPhrase(null)} /></Card>}
      {vault.state !== 'locked' && <Enrol isFirst={vault.state === 'none'} onDone={asked.reload} />}
      {isOpen && !vault.has_phrase && !phrase && (
        <Card title={t.vault.phrase}>
          <p>{t.vault.phraseWhy}</p>
          <Button busy={doing.busy} onPress={() => void recovery()} testId="vault-recovery">{t.vault.makePhrase}</Button>
        </Card>
      )}
    </div>
  );
}

function Enrol({ isFirst, onDone }: { isFirst: boolean; onDone(): void }) {
  const t = T();
  const [where, setWhere] = useState<Where>('any');
  const doing = useDoing();
  const step = enrolStep.value;
  const make = async (): Promise<void> => {
    if (await doing.run(() => enrolVault(where))) {
      say(isFirst ? t.vault.made : t.vault.added);
    }
    onDone();
  };
  return (
    <Card title={isFirst ? t.vault.make : t.vault.add}>
      <p class="muted">{t.vault.makeLead}</p>
      <Choice label={t.start.where} hideLegend value={where} onValue={(v) => setWhere(v)} options={[
        { value: 'any', label: t.start.any, help: t.start.anyHelp, icon: 'fingerprint-pattern' },
        { value: 'this_device', label: t.start.device, help: t.start.deviceHelp, icon: 'laptop' },
        { value: 'phone', label: t.start.phone, help: t.start.phoneHelp, icon: 'smartphone' },
        { value: 'security_key', label: t.start.securityKey, help: t.start.securityKeyHelp, icon: 'usb' },
      ]} />
      {step > 0 && <Steps label={t.vault.stepsLabel} steps={t.vault.steps} current={step - 1} />}
      {doing.error && <ErrorPanel what={t.vault.make} error={doing.error} retry={() => void make()} />}
      <Button kind={isFirst ? 'primary' : 'plain'} icon="fingerprint-pattern" busy={doing.busy} onPress={() => void make()} testId="vault-enrol">{isFirst ? t.vault.makeIt : t.vault.addIt}</Button>
    </Card>
  );
}

