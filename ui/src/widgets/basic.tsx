/* Small parts: icon, button, link, badge, banner, skeleton, empty, error panel. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import icons, { type IconName } from 'icons';
import type { ApiError } from '../api/errors';
import { go } from '../store/go';
import { retryNow } from '../store/live';
import { sayCoded, T } from '../text';

export type { IconName } from 'icons';

export function Icon({ name, large }: { name: IconName; large?: boolean }) {
  return (
    <svg class={large ? 'icon large' : 'icon'} viewBox="0 0 24 24" aria-hidden="true">
      {icons[name].map(([Tag, attrs]) => <Tag {...attrs} />)}
    </svg>
  );
}

export interface ButtonProps {
  children: ComponentChildren;
  onPress?: () => void;
  kind?: 'primary' | 'plain' | 'danger' | 'quiet';
  icon?: IconName;
  busy?: boolean;
  /** Why it is dead: it stays focusable and says so. */
  disabledWhy?: string;
  label?: string;
  submit?: boolean;
  small?: boolean;
  testId?: string;
  pressed?: boolean;
}

export function Button(p: ButtonProps) {
  const why = useId();
  const isDead = !!p.disabledWhy || !!p.busy;
  return (
    <>
      <button
        type={p.submit ? 'submit' : 'button'} class={`button ${p.kind ?? 'plain'}${p.small ? ' small' : ''}`} aria-label={p.label}
        aria-disabled={isDead || undefined} aria-busy={p.busy || undefined} aria-describedby={p.disabledWhy ? why : undefined}
        aria-pressed={p.pressed} data-test={p.testId}
        onClick={(event) => {
          if (isDead) {
            event.preventDefault();
          } else {
            p.onPress?.();
          }
        }}
      >
        {p.busy ? <span class="spinner" aria-hidden="true" /> : p.icon && <Icon name={p.icon} />}
        <span>{p.children}</span>
      </button>
      {p.disabledWhy && <span id={why} class="sr">{p.disabledWhy}</span>}
    </>
  );
}

export function LinkButton({ to, children, icon, kind = 'plain', testId }: { to: string; children: ComponentChildren; icon?: IconName; kind?: string; testId?: string }) {
  return <a class={`button ${kind}`} href={`#/${to}`} data-test={testId}>{icon && <Icon name={icon} />}<span>{children}</span></a>;
}

export function Card({ title, children, aside, busy, className = '' }: { title?: string; children: ComponentChildren; aside?: ComponentChildren; busy?: boolean; className?: string }) {
  const id = useId();
  return (
    <section class={`card ${className}`} aria-labelledby={title ? id : undefined} aria-busy={busy || undefined}>
      {title && <div class="card-head"><h2 id={id}>{title}</h2>{aside}</div>}
      {children}
    </section>
  );
}

export function Heading({ children, aside }: { children: ComponentChildren; aside?: ComponentChildren }) {
  return <div class="heading"><h1 tabIndex={-1}>{children}</h1>{aside}</div>;
}

export type Level = 'blocked' | 'danger' | 'caution' | 'info' | 'ok';
const LEVEL_ICONS: Record<Level, IconName> = { blocked: 'ban', danger: 'octagon-alert', caution: 'triangle-alert', info: 'info', ok: 'circle-check' };

export function LevelIcon({ level }: { level: Level }) {
  return <Icon name={LEVEL_ICONS[level]} />;
}

export function Note({ level, children }: { level: Level; children: ComponentChildren }) {
  return <div class={`note ${level}`}><LevelIcon level={level} /><div class="grow">{children}</div></div>;
}

/** Appears after 300 ms, in the shape of what comes. */
export function Skeleton({ lines = 3, what }: { lines?: number; what: string }) {
  const [phase, setPhase] = useState(0);
  useEffect(() => {
    const timers = [setTimeout(() => setPhase(1), 300), setTimeout(() => setPhase(2), 1000)];
    return () => timers.forEach(clearTimeout);
  }, []);
  return (
    <div class={phase ? 'skeleton' : 'skeleton waiting'}>
      {Array.from({ length: lines }, (_, i) => <div key={i} class={`bone b${i % 3}`} />)}
      <p class="muted" role="status">{phase === 2 ? T().common.loading(what) : ' '}</p>
    </div>
  );
}

export function Empty({ text, children }: { text: string; children?: ComponentChildren }) {
  return <div class="empty"><p>{text}</p>{children}</div>;
}

const ACTION_ROUTES: Record<string, string> = { open_network: 'network', make_wallet: 'start', save_report: 'log', get_funds: 'receive', prepare_again: 'send', send_again: 'send', make_vault: 'vault', unlock_vault: 'vault' };

export function errorText(error: ApiError): string {
  const t = T();
  const own = t.local as Record<string, string>;
  return own[error.code] ?? sayCoded(t.error, error);
}

/** What happened, why, what next: sentences and one button; the code is in Details. */
export function ErrorPanel({ what, error, retry }: { what: string; error: ApiError; retry?: () => void }) {
  const t = T();
  const box = useRef<HTMLDivElement>(null);
  const next = error.next[0];
  const nextText = next ? sayCoded(t.action, { code: next, params: {} }) : '';
  const path = next ? ACTION_ROUTES[next] : undefined;
  return (
    <div class="note danger error-panel" role="alert" ref={box} data-test="error">
      <LevelIcon level="danger" />
      <div class="grow">
        <p><strong>{t.common.didNot(what.charAt(0).toUpperCase() + what.slice(1))}.</strong> {errorText(error)}</p>
        <div class="row">
          {path && <LinkButton to={path}>{nextText}</LinkButton>}
          {next === 'reload' && <Button onPress={() => location.reload()}>{nextText}</Button>}
          {!path && next !== 'reload' && retry && <Button icon="refresh-cw" onPress={retry}>{t.common.retry}</Button>}
          {!path && next !== 'reload' && !retry && nextText && next !== 'try_again' && <span>{nextText}</span>}
        </div>
        <details><summary>{t.common.details}</summary><code class="mono">{error.code}{error.detail && `, ${error.detail}`}</code></details>
      </div>
    </div>
  );
}

export function Banner({ level, children, action }: { level: Level; children: ComponentChildren; action?: { text: string; run: () => void } }) {
  return (
    <div class={`banner ${level}`}>
      <LevelIcon level={level} /><p class="grow">{children}</p>
      {action && <button type="button" class="button small" onClick={action.run}>{action.text}</button>}
    </div>
  );
}

export const retryAction = () => ({ text: T().common.retry, run: retryNow });
export { go };
