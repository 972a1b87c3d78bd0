/* Reading and asking from components: no component calls the network by itself. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { call, command, type Method } from '../api/client';
import { asApiError, type ApiError } from '../api/errors';
import type { Methods } from '../api/generated';

export interface Asked<R> {
  data: R | null;
  error: ApiError | null;
  busy: boolean;
  reload(): void;
}

/** Asks whenever params change; null asks nothing. The last good answer stays while a new one is awaited. */
export function useAsk<M extends Method>(method: M, params: Methods[M]['params'] | null, delayMs = 0, also: unknown = ''): Asked<Methods[M]['result']> {
  const [state, setState] = useState<{ for: string; data: Methods[M]['result'] | null; error: ApiError | null }>({ for: '', data: null, error: null });
  const [round, setRound] = useState(0);
  const key = params ? JSON.stringify(params) + String(also) : '';
  useEffect(() => {
    if (!params) {
      return undefined;
    }
    let gone = false;
    const timer = setTimeout(() => {
      call(method, params).then(
        (data) => gone || setState({ for: key, data, error: null }),
        (cause) => gone || setState({ for: key, data: null, error: asApiError(cause) }),
      );
    }, delayMs);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [method, key, round]);
  const reload = useCallback(() => setRound((r) => r + 1), []);
  const mine = params !== null && state.for === key;
  return { data: params ? state.data : null, error: mine ? state.error : null, busy: params !== null && !mine, reload };
}

export interface Doing {
  busy: boolean;
  error: ApiError | null;
  clear(): void;
  /** Runs one act; a second press while it runs does nothing. Resolves to null after a failure, which is shown. */
  run<R>(act: () => Promise<R>): Promise<R | null>;
}

export function useDoing(): Doing {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const running = useRef(false);
  const run = async <R>(act: () => Promise<R>): Promise<R | null> => {
    if (running.current) {
      return null;
    }
    running.current = true;
    setBusy(true);
    setError(null);
    try {
      return await act();
    } catch (cause) {
      setError(asApiError(cause));
      return null;
    } finally {
      running.current = false;
      setBusy(false);
    }
  };
  return { busy, error, clear: () => setError(null), run };
}

export { command };
