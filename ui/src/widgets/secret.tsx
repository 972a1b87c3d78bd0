/* Phrases, keys and passwords: typed and shown here only, kept nowhere else in the page. */
import { useId, useState } from 'preact/hooks';
import { T } from '../text';
import { Button } from './basic';

export function SecretField(p: { label: string; value: string; onValue(value: string): void; rows?: number; help?: string; testId?: string }) {
  const t = T();
  const id = useId();
  const [isShown, setShown] = useState(false);
  const shared = {
    id, value: p.value, autocomplete: 'off' as const, spellcheck: false, 'data-test': p.testId, 'aria-describedby': p.help ? `${id}-u` : undefined,
    onInput: (event: { currentTarget: { value: string } }) => p.onValue(event.currentTarget.value),
  };
  return (
    <div class="field">
      <label for={id}>{p.label}</label>
      <div class="field-row">
        {p.rows ? <textarea {...shared} rows={p.rows} maxLength={4096} autocapitalize="off" class={isShown ? 'mono' : 'mono veiled'} /> : <input {...shared} type={(isShown ? 'text' : 'password') as 'password'} autocapitalize="off" maxLength={256} />}
      </div>
      <div class="row"><Button small pressed={isShown} onPress={() => setShown(!isShown)}>{isShown ? t.secret.hide : t.secret.show}</Button>{p.help && <span id={`${id}-u`} class="muted">{p.help}</span>}</div>
    </div>
  );
}

/** A phrase in its words, in order; a key or a file as one text. Done takes it off the page. */
export function Words({ text, onDone }: { text: string; onDone(): void }) {
  const t = T();
  const words = text.trim().split(/\s+/);
  return (
    <>
      {words.length > 1 && words.length <= 24
        ? <ol class="words" data-test="words" translate={false}>{words.map((word, i) => <li key={i} class="mono">{word}</li>)}</ol>
        : <p class="mono wrap" data-test="secret" translate={false}>{text}</p>}
      <p class="muted">{t.secret.warning}</p>
      <div class="row"><Button kind="primary" onPress={onDone} testId="words-done">{t.secret.done}</Button></div>
    </>
  );
}
