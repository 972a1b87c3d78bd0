/* Native modal dialog: focus goes to its heading and back; Esc closes. Also the ceremony and the toast. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { clock } from '../format/time';
import { ceremony } from '../store/ceremony';
import { toast } from '../store/toast';
import { T } from '../text';
import { Button, errorText, Icon, LevelIcon } from './basic';
import { KeyValue } from './form';

export function Dialog({ title, onClose, children }: { title: string; onClose(): void; children: ComponentChildren }) {
  const box = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const opener = document.activeElement as HTMLElement | null;
    box.current?.showModal();
    heading.current?.focus();
    return () => {
      box.current?.close();
      if (opener?.isConnected) {
        opener.focus();
      }
    };
  }, []);
  return (
    <dialog ref={box} class="dialog" aria-labelledby={id} onCancel={(event) => {
      event.preventDefault();
      onClose();
    }}>
      <h2 id={id} tabIndex={-1} ref={heading}>{title}</h2>
      {children}
    </dialog>
  );
}

function Left({ endsMs }: { endsMs: number }) {
  const [, draw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => draw((n) => n + 1), 500);
    return () => clearInterval(timer);
  }, []);
  return <span class="muted tabular">{T().ceremony.left(clock(Math.max(0, endsMs - Date.now())))}</span>;
}

export function CeremonyDialog() {
  const t = T();
  const view = ceremony.value;
  if (!view) {
    return null;
  }
  const failed = view.state === 'failed';
  return (
    <Dialog title={failed ? t.ceremony.nothing : t.ceremony.title} onClose={view.close}>
      <div role="status" class={failed ? 'ceremony-state failed' : 'ceremony-state'}>
        {failed
          ? <><LevelIcon level="caution" /><p>{view.error && errorText(view.error)} {t.ceremony.stillHere}</p></>
          : <><span class="ceremony-icon"><Icon name="fingerprint-pattern" large /></span><p>{view.state === 'waiting' ? t.ceremony.waiting : t.ceremony.checking}</p></>}
      </div>
      {view.rows && <p class="muted">{t.ceremony.read}</p>}
      <KeyValue rows={[[t.ceremony.forWhat, view.what], ...(view.rows ?? []).map(([key, value]) => [key, <span class="mono wrap">{value}</span>] as [string, ComponentChildren]), ...(view.checkCode ? [[t.ceremony.checkCode, <span class="mono code">{view.checkCode}</span>] as [string, ComponentChildren]] : [])]} />
      {failed && view.error && <details><summary>{t.common.details}</summary><code class="mono">{view.error.code}{view.error.detail && `, ${view.error.detail}`}</code></details>}
      <div class="actions">
        <Button onPress={view.close} testId="ceremony-close">{failed ? t.common.close : t.common.cancel}</Button>
        {failed ? <Button kind="primary" icon="fingerprint-pattern" onPress={view.again} testId="ceremony-again">{t.ceremony.again}</Button> : <Left endsMs={view.endsMs} />}
      </div>
    </Dialog>
  );
}

export function ToastArea() {
  const t = T();
  const view = toast.value;
  const held = useRef(false);
  useEffect(() => {
    if (!view) {
      return undefined;
    }
    const timer = setInterval(() => {
      if (!held.current && toast.value === view) {
        toast.value = null;
      }
    }, view.undo ? 10_000 : 6000);
    return () => clearInterval(timer);
  }, [view]);
  const hold = (on: boolean) => () => {
    held.current = on;
  };
  return (
    <div class="toast-area" role="status" onFocusIn={hold(true)} onFocusOut={hold(false)} onMouseEnter={hold(true)} onMouseLeave={hold(false)}>
      {view && (
        <div class="toast"><Icon name="check" /><span class="grow">{view.text}</span>
          {view.undo && <button type="button" class="button small" onClick={() => {
            view.undo?.();
            toast.value = null;
          }}>{t.common.undoChange}</button>}
        </div>
      )}
    </div>
  );
}
