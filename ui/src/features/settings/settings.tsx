/* Settings save at once, say so, and can be undone for 10 s. */
import type { Methods, Settings as SettingsData } from '../../api/generated';
import { loseAccess } from '../../api/access';
import { store, wipe } from '../../store/store';
import { say } from '../../store/toast';
import { command, useDoing } from '../../store/use';
import { T } from '../../text';
import { Button, Card, ErrorPanel, Heading, Skeleton } from '../../widgets/basic';
import { Select, Switch } from '../../widgets/form';

type Changes = Methods['settings_set']['params']['changes'];
const LOCK_MINUTES = [0, 1, 5, 15, 60, 240];

export function Settings() {
  const t = T();
  const s = store.settings.value;
  return (
    <div class="narrow wide-narrow">
      <Heading>{t.settings.title}</Heading>
      {s ? <Form s={s} /> : <Card busy><Skeleton what={t.what.settings} lines={6} /></Card>}
    </div>
  );
}

function Form({ s }: { s: SettingsData }) {
  const t = T();
  const doing = useDoing();
  const save = (changes: Changes): Promise<SettingsData | null> => doing.run(async () => {
    const saved = await command('settings_set', { changes });
    store.settings.value = saved;
    return saved;
  });
  const set = async (name: string, changes: Changes): Promise<void> => {
    const before = Object.fromEntries(Object.keys(changes).map((key) => [key, s[key as keyof SettingsData]])) as Changes;
    if (await save(changes)) {
      say(t.settings.changed(name), () => void save(before));
    }
  };
  const end = async (): Promise<void> => {
    await doing.run(() => command('session_end', {}));
    wipe();
    loseAccess('none');
  };
  return (
    <>
      <Card title={t.settings.look}>
        <div class="columns">
          <Select label={t.settings.language} value={s.language} options={[['auto', t.settings.languageAuto], ['en', 'English'], ['zh-Hans', '中文']]} onValue={(language) => void set(t.settings.language, { language })} testId="language" />
          <Select label={t.settings.theme} value={s.theme} options={[['system', t.settings.themes.system], ['light', t.settings.themes.light], ['dark', t.settings.themes.dark]]} onValue={(theme) => void set(t.settings.theme, { theme })} testId="theme" />
          <Select label={t.settings.density} value={s.density} options={[['comfortable', t.settings.densities.comfortable], ['compact', t.settings.densities.compact]]} onValue={(density) => void set(t.settings.density, { density })} />
        </div>
        <Switch label={t.settings.shortcuts} help={t.settings.shortcutsHelp} value={s.shortcuts} onValue={(shortcuts) => void set(t.settings.shortcuts, { shortcuts })} />
      </Card>
      <Card title={t.settings.privacy}>
        <Switch label={t.settings.hideTokens} value={s.hide_unknown_tokens} onValue={(hide_unknown_tokens) => void set(t.settings.hideTokens, { hide_unknown_tokens })} />
        <Select label={t.settings.lockAfter} value={String(s.lock_after_min)} options={[...new Set([...LOCK_MINUTES, s.lock_after_min])].sort((a, b) => a - b).map((n) => [String(n), t.settings.minutes(n)])}
          onValue={(v) => void set(t.settings.lockAfter, { lock_after_min: parseInt(v, 10) })} />
      </Card>
      <Card title={t.settings.access}>
        <div class="row"><Button onPress={() => void end()}>{t.settings.endSession}</Button></div>
      </Card>
      {doing.error && <ErrorPanel what={t.what.save} error={doing.error} />}
    </>
  );
}
