/* Reject at once; Approve only by the rules of approve_rules.ts. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';
import { T } from '../text';
import { Button } from './basic';
import { whyDead, type ApproveFacts } from './approve_rules';

/** Watches the last line; a change of revision starts over. */
export function useSeen(last: RefObject<HTMLElement | null>, revision: string): { isSeen: boolean; shownMs: number; quietMs: number; touch(): void } {
  const [seenFor, setSeenFor] = useState('');
  const [, draw] = useState(0);
  const shown = useRef({ revision, atMs: Date.now() });
  const changedMs = useRef(Date.now());
  if (shown.current.revision !== revision) {
    shown.current = { revision, atMs: Date.now() };
    changedMs.current = Date.now();
  }
  useEffect(() => {
    const watch = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) {
        setSeenFor((old) => {
          if (old !== revision) {
            changedMs.current = Date.now(); /* the button has just turned into Approve */
          }
          return revision;
        });
      }
    }, { rootMargin: '0px 0px -88px 0px' });
    if (last.current) {
      watch.observe(last.current);
    }
    const timer = setInterval(() => draw((n) => n + 1), 200);
    return () => {
      watch.disconnect();
      clearInterval(timer);
    };
  }, [revision]);
  const touch = (): void => {
    changedMs.current = Date.now();
  };
  return { isSeen: seenFor === revision, shownMs: Date.now() - shown.current.atMs, quietMs: Date.now() - changedMs.current, touch };
}

export function ApproveBar({ facts, onReject, onApprove, onRest, rejecting }: { facts: ApproveFacts; onReject(): void; onApprove(): void; onRest(): void; rejecting: boolean }) {
  const t = T();
  const why = whyDead(facts);
  const note = useId();
  return (
    <div class="action-bar approve-bar">
      <Button kind="plain" onPress={onReject} busy={rejecting} testId="reject">{t.approve.reject}</Button>
      {why === 'seen'
        ? <Button kind="primary" onPress={onRest} testId="rest">{t.approve.rest}</Button>
        : <Button kind="primary" icon="fingerprint-pattern" onPress={onApprove} busy={facts.isBusy} disabledWhy={why ? t.approve.dead[why] : undefined} testId="approve">{t.approve.approve}</Button>}
      <p id={note} class="bar-note muted">{why ? t.approve.dead[why] : '\u00a0'}</p>
      <span class="sr" role="status">{why ? '' : t.approve.live}</span>
    </div>
  );
}
