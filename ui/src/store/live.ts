/* Keeps the store true: one WebSocket, snapshots and numbered events; a gap subscribes again; 1, 2, 4 … 30 s. */
import { access, loseAccess, sessionToken } from '../api/access';
import { call, currentTransport } from '../api/client';
import type { Socket } from '../api/transport';
import { apply, forgetSequence, heardMs, link, store, tick, wipe, type Event, type Topic } from './store';

const TOPICS: Topic[] = ['status', 'accounts', 'balances', 'activity', 'requests', 'health', 'network', 'plugin', 'settings', 'log'];
const RETRY_MAX_MS = 30_000;
const SILENCE_MAX_MS = 20_000; /* status is a heartbeat: at least every 10 s */
const CLOSE_REFUSED = 4401;

let socket: Socket | null = null;
let retryMs = 1000;
let nextId = 0;
let retryTimer = 0;

export function startLive(): void {
  setInterval(beat, 1000);
  connect();
}

function beat(): void {
  tick();
  if (link.value === 'up' && Date.now() - heardMs.value > SILENCE_MAX_MS) {
    heardMs.value = Date.now();
    const silent = socket;
    void call('status', {}).catch(() => silent?.close());
  }
}

/** The person pressed "Try again": do not wait. */
export function retryNow(): void {
  retryMs = 1000;
  connect();
}

function connect(): void {
  clearTimeout(retryTimer);
  if (access.value !== 'ok' || socket) {
    return;
  }
  const mine: Socket = currentTransport().socket({
    onOpen: () => mine.send({ auth: sessionToken() }),
    onFrame: (frame) => {
      heardMs.value = Date.now();
      onFrame(mine, frame as Frame);
    },
    onClose: (code) => onClose(mine, code),
  });
  socket = mine;
}

interface Frame {
  auth?: string;
  method?: string;
  params?: Event;
  error?: { data?: { code?: string } };
}

function onFrame(from: Socket, frame: Frame): void {
  if (frame.auth === 'ok') {
    retryMs = 1000;
    subscribe(from);
    void loadFixed();
  } else if (frame.error?.data?.code === 'locked') {
    subscribe(from, true);
  } else if (frame.method === 'event' && frame.params) {
    link.value = 'up';
    const wasLocked = store.status.value?.locked;
    if (!apply(frame.params)) {
      subscribe(from);
    }
    const locked = store.status.value?.locked;
    if (frame.params.topic === 'status' && wasLocked !== undefined && wasLocked !== locked) {
      if (locked) {
        wipe();
      } else {
        subscribe(from);
        void loadFixed();
      }
    }
  }
}

function subscribe(to: Socket, isLocked = store.status.value?.locked ?? false): void {
  forgetSequence();
  nextId += 1;
  const topics = isLocked ? ['status', 'settings', 'plugin'] : TOPICS;
  to.send({ jsonrpc: '2.0', id: nextId, method: 'subscribe', params: { topics } });
}

function onClose(from: Socket, code: number): void {
  if (socket !== from) {
    return;
  }
  socket = null;
  if (code === CLOSE_REFUSED) {
    loseAccess();
    wipe();
    return;
  }
  link.value = 'lost';
  retryTimer = window.setTimeout(connect, retryMs);
  retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
  void call('status', {}).catch(() => undefined); /* tells a lost session from a lost program */
}

/** What has no topic: networks, and the methods that this daemon offers. */
async function loadFixed(): Promise<void> {
  await Promise.allSettled([
    call('version', {}).then((v) => (store.methods.value = new Set(v.methods))),
    call('networks_list', {}).then((r) => (store.networks.value = r.networks)),
  ]);
}

export const reloadNetworks = loadFixed;
