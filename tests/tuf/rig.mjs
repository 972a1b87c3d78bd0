// The two programs, and tuf-js as client and maker.
import { execFile } from 'node:child_process';
import { mkdtempSync, mkdirSync, writeFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash, generateKeyPairSync, sign as signBytes, constants } from 'node:crypto';
import { canonicalize } from '@tufjs/canonical-json';

export function folder(t) {
  const path = mkdtempSync(join(tmpdir(), 'passmesh-tuf-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function run(program, args) {
  return new Promise((done) => {
    execFile(program, args, { timeout: 60000 }, (error, stdout, stderr) => done({ code: error ? error.code ?? error.signal : 0, stdout, stderr }));
  });
}

export const passmesh = (...args) => run(process.env.PASSMESH, args);
export const tuf = (...args) => run(process.env.PASSMESH_TUF, args);

export async function repo(...args) {
  const done = await run(process.env.PASSMESH_REPO, args);
  if (done.code !== 0) throw new Error(`passmesh-repo ${args.join(' ')}: ${done.code} ${done.stderr}`);
  return done;
}
export const repoFails = (...args) => run(process.env.PASSMESH_REPO, args);

export class Client {
  constructor(dir, url) {
    this.metadata = join(dir, 'metadata');
    this.targets = join(dir, 'targets');
    this.url = url;
  }
  init(root) { return tuf('--metadata-dir', this.metadata, 'init', root); }
  refresh() { return tuf('--metadata-dir', this.metadata, '--metadata-url', `${this.url}/metadata`, 'refresh'); }
  download(...names) {
    return tuf('--metadata-dir', this.metadata, '--metadata-url', `${this.url}/metadata`, ...names.flatMap((n) => ['--target-name', n]),
      '--target-base-url', `${this.url}/targets/`, '--target-dir', this.targets, 'download');
  }
}

// A repository made by our program: 2 of 3 for root, one key for each other role.
export async function makeRepo(dir, { p256 = false, development = false } = {}) {
  const key = (name) => join(dir, `${name}.key`);
  for (const name of ['root1', 'root2', 'root3', 'targets', 'snapshot', 'timestamp', 'spare']) {
    await repo('keygen', ...(p256 && name !== 'targets' ? ['--p256'] : []), key(name));
  }
  const path = join(dir, 'repo');
  const pub = (...names) => names.map((n) => `${key(n)}.pub`).join(',');
  await repo('init', path, ...(development ? ['--development'] : []), `root=${pub('root1', 'root2', 'root3')}:2`, `targets=${pub('targets')}`, `snapshot=${pub('snapshot')}`,
    `timestamp=${pub('timestamp')}`);
  await repo('sign', path, 'root', key('root1'), key('root2'));
  const publish = async (timestamp = 'timestamp') => {
    await repo('sign', path, 'targets', key('targets')).catch(() => {}); // unchanged: it is published already
    await repo('publish', path, '--snapshot', key('snapshot'), '--timestamp', key(timestamp));
  };
  const add = async (name, bytes, custom) => {
    const file = join(dir, 'file');
    writeFileSync(file, bytes);
    const more = [];
    if (custom) {
      writeFileSync(join(dir, 'custom.json'), JSON.stringify(custom));
      more.push('--custom', join(dir, 'custom.json'));
    }
    await repo('add', path, name, file, ...more);
  };
  return { path, key, pub, publish, add };
}

// Keys and documents of tuf-js's side, with keys of all kinds.
export function makeKey(kind) {
  const make = {
    ed25519: () => generateKeyPairSync('ed25519'),
    ecdsa: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    rsa: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  }[kind];
  const { publicKey, privateKey } = make();
  const pem = publicKey.export({ format: 'pem', type: 'spki' });
  const value = kind === 'ed25519' ? publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex') : pem;
  const scheme = { ed25519: 'ed25519', ecdsa: 'ecdsa-sha2-nistp256', rsa: 'rsassa-pss-sha256' }[kind];
  const object = { keytype: kind, scheme, keyval: { public: value } };
  const id = createHash('sha256').update(canonicalize(object)).digest('hex');
  const sign = (bytes) => {
    if (kind === 'ed25519') return signBytes(null, bytes, privateKey);
    if (kind === 'ecdsa') return signBytes('sha256', bytes, privateKey);
    return signBytes('sha256', bytes, { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
  };
  return { id, object, sign };
}

export function write(path, name, bytes) {
  const file = join(path, name);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, bytes);
}
