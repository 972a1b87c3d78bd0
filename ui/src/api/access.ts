/* The session: the single-use code of the fragment is wiped, traded for a token, and the token kept for this tab. */
import { signal } from '@preact/signals';
import type { Transport } from './transport';

export type Access =
  | 'opening'
  | 'ok'
  | 'none'     /* no code and no token */
  | 'code_bad' /* the code was refused */
  | 'over';    /* the token was refused: the wallet was restarted */

const STORE_KEY = 'passmesh.session';
export const access = signal<Access>('opening');
let token: string | null = null;

export const sessionToken = (): string | null => token;

/** Takes the code out of the address before anything else can see it. */
export function takeCode(): string | null {
  const match = /^#c=([0-9A-Za-z_-]{22,43})$/.exec(location.hash);
  if (location.hash.startsWith('#c=')) {
    history.replaceState(null, '', '/#/home');
  }
  return match?.[1] ?? null;
}

export async function openSession(transport: Transport, code: string | null): Promise<void> {
  token = sessionStorage.getItem(STORE_KEY);
  if (code === null) {
    access.value = token ? 'ok' : 'none';
    return;
  }
  const reply = await transport.post('/session', { code }, null, AbortSignal.timeout(15_000)).catch(() => null);
  const fresh = (reply?.body as { token?: unknown } | null)?.token;
  if (reply?.status === 200 && typeof fresh === 'string') {
    token = fresh;
    sessionStorage.setItem(STORE_KEY, fresh);
    access.value = 'ok';
  } else {
    access.value = token ? 'ok' : 'code_bad';
  }
}

export function loseAccess(how: 'over' | 'none' = 'over'): void {
  token = null;
  sessionStorage.removeItem(STORE_KEY);
  access.value = how;
}
