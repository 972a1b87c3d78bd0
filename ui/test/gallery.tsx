/* Test build only: draws one state of test/states.mjs, ?state=NAME&lang=en&theme=dark, without a daemon. */
import { render } from 'preact';
import { access } from '../src/api/access';
import { setTransport } from '../src/api/client';
import type { Transport } from '../src/api/transport';
import { followSettings } from '../src/app/appearance';
import { followHash, parseRoute, route } from '../src/app/routes';
import { Shell } from '../src/app/shell';
import { startLive } from '../src/store/live';
import { link } from '../src/store/store';
import { setLanguage, type Language } from '../src/text';
import { make } from './states.mjs';

const query = new URLSearchParams(location.search);
const { topics, replies, states } = make(Date.now()) as { topics: Record<string, unknown>; replies: Record<string, unknown>; states: Record<string, State> };

interface State {
  route?: string;
  topics?: Record<string, unknown>;
  replies?: Record<string, unknown>;
  access?: 'none' | 'over' | 'code_bad';
  link?: 'lost';
  credentials?: 'hang' | 'refuse' | 'give';
  silent?: boolean;
}

const state = states[query.get('state') ?? 'home'] ?? {};
const language = (query.get('lang') ?? 'en') as Language;
const theme = query.get('theme') ?? 'light';
const asked: string[] = [];

const fake: Transport = {
  async post(_path, body) {
    const { method, params } = body as { method: string; params: { after?: string } };
    asked.push(method);
    const reply = { ...replies, ...state.replies }[method] as { error?: { code: string; params: object; next?: string[] } } | null | undefined; /* null: no answer comes */
    if (state.silent || !reply) {
      return new Promise(() => undefined);
    }
    if (method === 'history_list' && params.after) {
      const page = reply as unknown as { rows: { id: string }[] };
      return { status: 200, body: { result: { ...page, rows: page.rows.map((r) => ({ ...r, id: `${r.id}-${params.after}`.slice(-40) })), next: `${params.after}x` } } };
    }
    return { status: 200, body: reply.error?.next ? { error: { code: -1, message: reply.error.code, data: { ...reply.error, blame: 'wallet' } } } : { result: reply } };
  },
  socket(handlers) {
    setTimeout(() => handlers.onOpen());
    return {
      close: () => undefined,
      send(frame) {
        const { auth, method } = frame as { auth?: string; method?: string };
        if (auth !== undefined) {
          setTimeout(() => handlers.onFrame({ auth: 'ok' }));
        } else if (method === 'subscribe' && !state.silent) {
          const all = { ...topics, ...state.topics } as Record<string, unknown>;
          all['settings'] = { ...(all['settings'] as object), language, theme };
          const now = Object.entries(all).filter(([, data]) => data !== null);
          now.forEach(([topic, data]) => handlers.onFrame({ method: 'event', params: { topic, kind: 'snapshot', seq: 1, data } }));
          if (state.link === 'lost') {
            setTimeout(() => (link.value = 'lost'), 50);
          }
        }
      },
    };
  },
};

/* Stands for the browser's passkey: never answers, refuses, or gives bytes that nothing verifies. */
function standIn(kind: State['credentials']): void {
  const bytes = new Uint8Array(16);
  const answer = { rawId: bytes.buffer, response: { clientDataJSON: bytes.buffer, attestationObject: bytes.buffer, getTransports: () => ['internal'] } };
  const ask = (): Promise<unknown> => kind === 'refuse' ? Promise.reject(new DOMException('no', 'NotAllowedError')) : kind === 'give' ? Promise.resolve(answer) : new Promise(() => undefined);
  Object.defineProperty(navigator, 'credentials', { value: { create: ask, get: ask } });
}

async function main(): Promise<void> {
  standIn(state.credentials);
  setTransport(fake);
  history.replaceState(null, '', `${location.pathname}${location.search}#/${state.route ?? 'home'}`);
  route.value = parseRoute(location.hash);
  followHash();
  document.documentElement.dataset['theme'] = theme;
  await setLanguage(language);
  followSettings();
  access.value = state.access ?? 'ok';
  startLive();
  const root = document.getElementById('app')!;
  root.replaceChildren();
  render(<Shell />, root);
  Object.assign(window, { gallery: { ready: true, states: Object.keys(states), asked } });
}

void main();
