// Waiting for what another process does, whenever it comes to it.
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

const LAST_CHARS_MAX = 800;

/**
 * Asks, every step ms, until an answer is good, which it returns; after timeout ms it refuses, with the last answer.
 * forgives: what ask throws is no good answer yet, and not the end.
 */
export async function until(what, ask, { good = Boolean, timeout = 20_000, step = 50, forgives = false } = {}) {
  let last;
  for (const end = Date.now() + timeout; Date.now() < end; await sleep(step)) {
    try {
      last = await ask();
    } catch (e) {
      if (!forgives) {
        throw e;
      }
      last = e;
      continue;
    }
    if (good(last)) {
      return last;
    }
  }
  const told = last instanceof Error ? last.message : inspect(last, { depth: 6, breakLength: Infinity });
  throw new Error(`waited ${timeout / 1000} s in vain: ${what}; the last answer: ${told.slice(0, LAST_CHARS_MAX)}`);
}
