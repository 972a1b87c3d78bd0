// Looks for planted secrets where none may be: files below a folder, and the readable memory of a process.
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Every form in which a secret could lie about: raw, hexadecimal in both cases, base64 of both alphabets. */
export function formsOf(secret) {
  const raw = Buffer.from(secret);
  return [raw, ...['hex', 'base64', 'base64url'].map((f) => Buffer.from(raw.toString(f).replace(/=+$/, ''))), Buffer.from(raw.toString('hex').toUpperCase())];
}

const holds = (bytes, forms) => forms.some((f) => bytes.includes(f));

/** The files below dir that hold one of the forms. */
export function scanFiles(dir, forms) {
  return readdirSync(dir, { recursive: true }).map((name) => join(dir, name)).filter((path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat?.isFile() && holds(readFileSync(path), forms);
  });
}

/** How many bytes of a process could be read, and whether they hold one of the forms. What a core dump would have and more. */
export function scanMemory(pid, forms) {
  const found = { bytes: 0, isFound: false };
  let memory;
  try {
    memory = openSync(`/proc/${pid}/mem`, 'r');
  } catch {
    return found;
  }
  const room = Buffer.alloc(1 << 20);
  for (const line of readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) r/.exec(line) ?? [];
    for (let at = parseInt(from ?? '0', 16); from && at < parseInt(to, 16); at += room.length - 4096) {
      let n = 0;
      try {
        n = readSync(memory, room, 0, Math.min(room.length, parseInt(to, 16) - at), at);
      } catch {
        break; /* closed pages, [vvar] */
      }
      found.bytes += n;
      found.isFound ||= holds(room.subarray(0, n), forms);
    }
  }
  closeSync(memory);
  return found;
}

/** The process ids of a process's children. */
export function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number);
}
