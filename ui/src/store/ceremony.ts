/* One passkey ceremony at a time. The dialog draws this signal; an approval stays open after a failed one. */
import { signal } from '@preact/signals';
import { asApiError, type ApiError } from '../api/errors';

export interface CeremonyView {
  what: string;
  checkCode?: string;
  /** What the key process read, for ordinary accounts. */
  rows?: [string, string][];
  state: 'waiting' | 'checking' | 'failed';
  endsMs: number;
  error?: ApiError;
  again(): void;
  close(): void;
}

export const ceremony = signal<CeremonyView | null>(null);

export interface CeremonyPlan<A, R> {
  what: string;
  checkCode?: string;
  rows?: [string, string][];
  timeoutMs: number;
  /** Asks the authenticator. */
  ask(signal: AbortSignal): Promise<A>;
  /** Hands the answer to the daemon, which verifies it. */
  hand(answer: A): Promise<R>;
}

/** Runs until it works (the result) or the person closes it (null). */
export function runCeremony<A, R>(plan: CeremonyPlan<A, R>): Promise<R | null> {
  if (ceremony.value) {
    return Promise.resolve(null);
  }
  return new Promise((resolve) => {
    const attempt = async (): Promise<void> => {
      const abort = new AbortController();
      const end = (result: R | null): void => {
        ceremony.value = null;
        resolve(result);
      };
      let closed = false;
      const close = (): void => {
        closed = true;
        abort.abort();
        end(null);
      };
      const again = (): void => void attempt();
      const view = { what: plan.what, checkCode: plan.checkCode, rows: plan.rows, endsMs: Date.now() + plan.timeoutMs, again, close };
      ceremony.value = { ...view, state: 'waiting' };
      try {
        const answer = await plan.ask(abort.signal);
        if (closed) {
          return;
        }
        ceremony.value = { ...view, state: 'checking' };
        const result = await plan.hand(answer);
        if (!closed) {
          end(result);
        }
      } catch (cause) {
        if (!closed) {
          ceremony.value = { ...view, state: 'failed', error: asApiError(cause) };
        }
      }
    };
    void attempt();
  });
}
