/* Keys that may be switched off. None approves anything. */
import { useEffect, useState } from 'preact/hooks';
import { command } from '../api/client';
import { go } from '../store/go';
import { offers, store } from '../store/store';
import { T } from '../text';
import { Dialog } from '../widgets/dialog';
import { Button } from '../widgets/basic';

const PATHS: Record<string, string> = { h: 'home', a: 'activity', k: 'accounts', n: 'network', s: 'server', c: 'computer', ',': 'settings' };
const SECOND_KEY_MS = 1500;

export function Shortcuts() {
  const t = T();
  const [isOpen, setOpen] = useState(false);
  const isOn = store.settings.value?.shortcuts ?? true;
  useEffect(() => {
    if (!isOn) {
      return undefined;
    }
    let sinceG = 0;
    const onKey = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      const isTyping = target.matches('input:not([type=radio]):not([type=checkbox]), textarea, select');
      if (isTyping || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) {
        return;
      }
      const isSecond = Date.now() - sinceG < SECOND_KEY_MS;
      sinceG = 0;
      if (isSecond && PATHS[event.key]) {
        event.preventDefault();
        go(PATHS[event.key]!);
      } else if (isSecond && event.key === 'l' && offers('lock')) {
        void command('lock', {}).catch(() => undefined);
      } else if (event.key === 'g') {
        sinceG = Date.now();
      } else if (event.key === '?') {
        setOpen(true);
      } else if (event.key === '/') {
        const field = document.querySelector<HTMLElement>('[data-search] input');
        if (field) {
          event.preventDefault();
          field.focus();
        }
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [isOn]);
  if (!isOpen) {
    return null;
  }
  return (
    <Dialog title={t.shortcuts.title} onClose={() => setOpen(false)}>
      <ul class="keys">
        {Object.entries(t.shortcuts.rows).map(([key, word]) => <li key={key}><span class="grow">{word}</span><kbd>g</kbd> {t.shortcuts.go} <kbd>{key}</kbd></li>)}
        <li><span class="grow">{t.shortcuts.search}</span><kbd>/</kbd></li>
        <li><span class="grow">{t.shortcuts.help}</span><kbd>?</kbd></li>
        <li><span class="grow">{t.shortcuts.esc}</span><kbd>Esc</kbd></li>
      </ul>
      <p class="muted">{t.shortcuts.none}</p>
      <div class="actions"><Button onPress={() => setOpen(false)}>{t.common.close}</Button></div>
    </Dialog>
  );
}
