/* Calls to the daemon: JSON-RPC over HTTP with deadlines; commands carry an idempotency key and are asked again. */
import type { Methods } from './generated';
import { loseAccess, sessionToken } from './access';
import { encodeBase64url } from './base64url';
import { ApiError, localError } from './errors';
import { browserTransport, type Transport } from './transport';

export type Method = keyof Methods;
type Keyed = { [M in Method]: Methods[M]['params'] extends { key: string } ? M : never }[Method];
type WithoutKey<P> = Omit<P, 'key'>;

const DEADLINE_MS = 20_000;
const TRIES = 3;
let transport: Transport = browserTransport;
let lastId = 0;

/** Tests put a transport of their own here. */
export function setTransport(other: Transport): void {
  transport = other;
}

export const currentTransport = (): Transport => transport;

interface RpcError {
  data?: { code?: string; params?: Record<string, string>; next?: string[] };
  message?: string;
}

export async function call<M extends Method>(method: M, params: Methods[M]['params']): Promise<Methods[M]['result']> {
  lastId += 1;
  const request = { jsonrpc: '2.0', id: lastId, method, params };
  const reply = await transport.post('/rpc', request, sessionToken(), AbortSignal.timeout(DEADLINE_MS)).catch((cause: Error) => {
    throw localError('program_lost', cause.name, ['wait']);
  });
  const body = reply.body as { result?: unknown; error?: RpcError } | null;
  if (reply.status === 401) {
    loseAccess();
  }
  if (body?.error) {
    const { code, params: values, next } = body.error.data ?? {};
    throw new ApiError(code ?? body.error.message ?? 'internal', values ?? {}, next ?? [], `${method} ${reply.status}`);
  }
  if (reply.status !== 200 || body?.result === undefined) {
    throw localError('program_lost', `${method} ${reply.status}`, ['wait']);
  }
  return body.result as Methods[M]['result'];
}

/** A lost answer is asked for again under the same key, so nothing is done twice. */
export async function command<M extends Keyed>(method: M, params: WithoutKey<Methods[M]['params']>): Promise<Methods[M]['result']> {
  const key = encodeBase64url(crypto.getRandomValues(new Uint8Array(16)));
  const keyed = { ...params, key } as unknown as Methods[M]['params'];
  for (let tried = 1; ; tried++) {
    try {
      return await call(method, keyed);
    } catch (cause) {
      if (!(cause instanceof ApiError) || cause.code !== 'program_lost' || tried === TRIES) {
        throw cause;
      }
      await new Promise((done) => setTimeout(done, 700 * tried));
    }
  }
}
