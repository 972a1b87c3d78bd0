/* Form parts: native elements, a label that is always visible, errors linked to their field. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { Icon, type IconName } from './basic';

interface FieldProps {
  label: string;
  help?: string;
  error?: string;
  children?: ComponentChildren;
}

function Under({ id, help, error }: { id: string; help?: string; error?: string }) {
  return (
    <div id={id} class="under" aria-live="polite">
      {error ? <span class="field-error"><Icon name="circle-x" />{error}</span> : help && <span class="muted">{help}</span>}
    </div>
  );
}

export function TextField(p: FieldProps & { value: string; onValue(value: string): void; max?: number; mono?: boolean; rows?: number; mode?: 'decimal' | 'text'; testId?: string; aside?: ComponentChildren; type?: 'text' | 'search' }) {
  const id = useId();
  const shared = {
    id, value: p.value, maxLength: p.max ?? 64, autocomplete: 'off' as const, spellcheck: false, 'aria-invalid': p.error ? true : undefined,
    'aria-describedby': `${id}-u`, class: p.mono ? 'mono' : '', 'data-test': p.testId,
  };
  const onInput = (event: { currentTarget: { value: string } }): void => p.onValue(event.currentTarget.value);
  return (
    <div class="field">
      <label for={id}>{p.label}</label>
      <div class="field-row">
        {p.rows
          ? <textarea {...shared} rows={p.rows} onInput={onInput} autocapitalize="off" />
          : <input {...shared} type={(p.type ?? 'text') as 'text'} inputMode={p.mode ?? 'text'} onInput={onInput} />}
        {p.aside}
      </div>
      <Under id={`${id}-u`} help={p.help} error={p.error} />
    </div>
  );
}

export function Select<V extends string>(p: FieldProps & { value: V; options: [V, string][]; onValue(value: V): void; testId?: string; quiet?: boolean }) {
  const id = useId();
  return (
    <div class={p.quiet ? 'field inline' : 'field'}>
      <label for={id}>{p.label}</label>
      <select id={id} value={p.value} data-test={p.testId} aria-describedby={p.help || p.error ? `${id}-u` : undefined} onChange={(event) => p.onValue(event.currentTarget.value as V)}>
        {p.options.map(([value, text]) => <option key={value} value={value}>{text}</option>)}
      </select>
      {(p.help || p.error) && <Under id={`${id}-u`} help={p.help} error={p.error} />}
    </div>
  );
}

export interface ChoiceOption<V> {
  value: V;
  label: string;
  help?: string;
  icon?: IconName;
  deadWhy?: string;
}

/** A radio group; what cannot be had stays focusable and says why. */
export function Choice<V extends string>(p: { label: string; value: V; options: ChoiceOption<V>[]; onValue(value: V): void; wide?: boolean; hideLegend?: boolean }) {
  const id = useId();
  return (
    <fieldset class={p.wide ? 'choice wide' : 'choice'}>
      <legend class={p.hideLegend ? 'sr' : ''}>{p.label}</legend>
      <div class="options">
        {p.options.map((o) => (
          <label key={o.value} class={o.deadWhy ? 'option dead' : 'option'}>
            <input type="radio" name={id} value={o.value} checked={p.value === o.value} aria-disabled={o.deadWhy ? true : undefined} data-test={`choice-${o.value}`}
              aria-describedby={o.help || o.deadWhy ? `${id}-${o.value}` : undefined}
              onClick={(event) => o.deadWhy && event.preventDefault()} onChange={() => !o.deadWhy && p.onValue(o.value)} />
            {o.icon && <Icon name={o.icon} large />}
            <span class="grow">
              <span class="option-label">{o.label}</span>
              {(o.deadWhy || o.help) && <span class="muted block" id={`${id}-${o.value}`}>{o.deadWhy ?? o.help}</span>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export function Switch(p: { label: string; help?: string; value: boolean; onValue(value: boolean): void }) {
  const id = useId();
  return (
    <div class="switch-row">
      <span class="grow"><label for={id}>{p.label}</label>{p.help && <span class="muted block">{p.help}</span>}</span>
      <input id={id} type="checkbox" role="switch" class="switch" checked={p.value} onChange={(event) => p.onValue(event.currentTarget.checked)} />
    </div>
  );
}

export function Steps({ steps, current, label }: { steps: string[]; current: number; label: string }) {
  return (
    <ol class="steps" aria-label={label}>
      {steps.map((step, i) => (
        <li key={i} class={i < current ? 'done' : i === current ? 'now' : ''} aria-current={i === current ? 'step' : undefined}>
          <span class="dot">{i < current ? <Icon name="check" /> : i + 1}</span><span>{step}</span>
        </li>
      ))}
    </ol>
  );
}

export function KeyValue({ rows }: { rows: [string, ComponentChildren][] }) {
  return (
    <dl class="key-value">
      {rows.map(([key, value], i) => <div key={i}><dt>{key}</dt><dd>{value}</dd></div>)}
    </dl>
  );
}
