/* One tree of signals. apply() is the only writer of what the daemon says; everything else reads. */
import { batch, computed, signal } from '@preact/signals';
import type { Account, Network, Operation, Topics } from '../api/generated';

export type Topic = keyof Topics;
export type Snapshot<K extends Topic> = Topics[K]['snapshot'];

/** A frame of the WebSocket: see api/README.md, Events. */
export interface Event {
  topic: Topic;
  kind: 'snapshot' | 'update';
  seq: number;
  data: unknown;
}

export const store = {
  status: signal<Snapshot<'status'> | null>(null),
  accounts: signal<Snapshot<'accounts'> | null>(null),
  balances: signal<Snapshot<'balances'> | null>(null),
  activity: signal<Snapshot<'activity'> | null>(null),
  requests: signal<Snapshot<'requests'> | null>(null),
  health: signal<Snapshot<'health'> | null>(null),
  network: signal<Snapshot<'network'> | null>(null),
  settings: signal<Snapshot<'settings'> | null>(null),
  log: signal<Snapshot<'log'> | null>(null),
  plugin: signal<Snapshot<'plugin'> | null>(null),
  networks: signal<Network[]>([]),
  methods: signal<ReadonlySet<string> | null>(null),
  operations: signal<Record<string, Operation>>({}),
};

/** Is the daemon answering on the WebSocket, and when did it last. */
export const link = signal<'opening' | 'up' | 'lost'>('opening');
export const heardMs = signal(0);
/** Unix time, moving once a second, by the daemon's clock. */
export const now = signal(Date.now());
let skewMs = 0;

export function tick(): void {
  now.value = Date.now() + skewMs;
}

const LOG_LINES_MAX = 500;
const seqs = new Map<Topic, number>();

export function forgetSequence(): void {
  seqs.clear();
}

/** Writes one event. False: an event is missing, so subscribe again. */
export function apply(event: Event): boolean {
  const last = seqs.get(event.topic);
  if (event.kind === 'update' && (last === undefined || event.seq !== last + 1)) {
    return false;
  }
  seqs.set(event.topic, event.seq);
  batch(() => write(event));
  return true;
}

function write(event: Event): void {
  const { topic, kind, data } = event;
  if (topic === 'activity' && kind === 'update') {
    const { row, operation } = data as Topics['activity']['update'];
    putOperation(operation);
    const before = store.activity.value ?? { rows: [], total: 0, spam_hidden: 0 };
    const known = before.rows.some((r) => r.id === row.id);
    const rows = known ? before.rows.map((r) => (r.id === row.id ? row : r)) : [row, ...before.rows].slice(0, 20);
    store.activity.value = { ...before, rows, total: before.total + (known ? 0 : 1) };
    return;
  }
  if (topic === 'log' && kind === 'update') {
    const lines = [...(store.log.value?.lines ?? []), ...(data as Snapshot<'log'>).lines];
    store.log.value = { lines: lines.slice(-LOG_LINES_MAX) };
    return;
  }
  if (topic === 'status') {
    skewMs = (data as Snapshot<'status'>).now_ms - Date.now();
    tick();
  }
  if (topic === 'requests') {
    (data as Snapshot<'requests'>).operations.forEach(putOperation);
  }
  (store[topic] as { value: unknown }).value = data;
}

/** An answer and a push come over two connections, so the older may come last: it is dropped. The revision rises with every step. */
export function putOperation(operation: Operation): void {
  const known = store.operations.value[operation.id];
  if (known && known.revision > operation.revision) {
    return;
  }
  store.operations.value = { ...store.operations.value, [operation.id]: operation };
}

/** Lock and lost access: nothing private stays in the page. */
export function wipe(): void {
  batch(() => {
    for (const topic of ['accounts', 'balances', 'activity', 'requests', 'health', 'network', 'log'] as const) {
      store[topic].value = null;
    }
    store.operations.value = {};
  });
}

/** What waits on the chain goes by the chain's clock, which may be ahead of ours. */
export const chainNow = (): number => Math.max(now.value, store.status.value?.chain.block_ms ?? 0);

export const currentNetwork = computed<Network | null>(() => {
  const id = store.status.value?.network_id;
  return store.networks.value.find((n) => n.id === id) ?? null;
});

export const currentAccount = computed<Account | null>(() => {
  const list = store.accounts.value?.accounts ?? [];
  return list.find((a) => a.id === store.status.value?.account_id) ?? list.find((a) => a.selected) ?? null;
});

export const requestCount = computed(() => store.requests.value?.operations.length ?? store.status.value?.requests ?? 0);

/** Does this daemon offer a method? Buttons without one are not drawn. */
export function offers(method: string): boolean {
  return store.methods.value?.has(method) ?? true;
}
