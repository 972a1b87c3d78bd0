// A development repository: made here, with keys that lie beside it, for this computer alone. Its root says so, and so does every client that uses it.
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { programs, serverPrograms } from './build.mjs';
import { packageTargets } from './package.mjs';
import { Fault } from './say.mjs';

const ROLES = ['root', 'targets', 'snapshot', 'timestamp'];
const run = promisify(execFile);

/* GET of files below folder; a part of one where Range asks for it. */
async function serveFolder(folder) {
  const state = { delayMs: 0 };
  const server = createServer(async (request, response) => {
    const path = join(folder, normalize(decodeURIComponent(new URL(request.url, 'http://x').pathname)));
    if (request.method !== 'GET' || !path.startsWith(`${folder}/`) || !existsSync(path)) {
      response.writeHead(404).end();
      return;
    }
    const all = readFileSync(path);
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': all.length - from, ...(from > 0 ? { 'content-range': `bytes ${from}-${all.length - 1}/${all.length}` } : {}) });
    for (let at = from; at < all.length; at += 65536) {
      response.write(all.subarray(at, at + 65536));
      if (state.delayMs) {
        await new Promise((done) => { setTimeout(done, state.delayMs); });
      }
    }
    response.end();
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  return { url: `http://127.0.0.1:${server.address().port}`, state, close: () => new Promise((done) => { server.close(done); server.closeAllConnections(); }) };
}

/** Without what a debugger wants, as packages are. */
function stripped(program) {
  const dir = mkdtempSync(join(tmpdir(), 'passmesh-strip-'));
  const copy = join(dir, 'program');
  copyFileSync(program, copy);
  chmodSync(copy, 0o755);
  try {
    execFileSync('strip', [copy], { stdio: 'ignore' });
  } catch { /* larger, and as good */ }
  const bytes = readFileSync(copy);
  rmSync(dir, { recursive: true });
  return bytes;
}

/** The programs of this build as files of a package. */
export const builtFiles = () => Object.fromEntries(serverPrograms.map((name) => [name, stripped(programs[name])]));

/**
 * Opens the repository below dir, making it and its keys if there is none, and serves it. Resolves to { url, root, release, close, state }: root is the path of
 * its root, release(version, files, options) publishes a package.
 */
export async function startRepository(dir) {
  const repository = join(dir, 'repository');
  const keys = join(dir, 'repository-keys');
  const key = (role) => join(keys, `${role}.key`);
  const repo = (...words) => run(programs['passmesh-repo'], words).catch((e) => {
    throw new Fault(`passmesh-repo ${words[0]} failed: ${e.stderr?.trim() || e.message}`);
  });
  if (!existsSync(join(repository, 'draft/root.json'))) {
    mkdirSync(keys, { recursive: true, mode: 0o700 });
    for (const role of ROLES) {
      if (!existsSync(key(role))) {
        await repo('keygen', key(role));
      }
    }
    await repo('init', repository, '--development', ...ROLES.map((role) => `${role}=${key(role)}.pub`));
    await repo('sign', repository, 'root', key('root'));
  }
  const publish = async () => {
    await run(programs['passmesh-repo'], ['sign', repository, 'targets', key('targets')]).catch(() => {}); /* unchanged: it is signed already */
    await repo('publish', repository, '--snapshot', key('snapshot'), '--timestamp', key('timestamp'));
  };
  const release = async (version, files, options = {}) => {
    const work = mkdtempSync(join(tmpdir(), 'passmesh-package-'));
    try {
      for (const { name, bytes, custom } of packageTargets(files, { version, ...options })) {
        writeFileSync(join(work, 'file'), bytes);
        writeFileSync(join(work, 'custom.json'), JSON.stringify(custom));
        await repo('add', repository, name, join(work, 'file'), '--custom', join(work, 'custom.json'));
      }
      await publish();
    } finally {
      rmSync(work, { recursive: true });
    }
  };
  const served = await serveFolder(repository);
  return { ...served, root: join(repository, 'metadata/1.root.json'), release, publish };
}

/** Publishes what was built, under a number of its own whenever it is another. */
export async function releaseBuild(repository, dir, base) {
  const files = builtFiles();
  const hash = createHash('sha256').update(Buffer.concat(Object.values(files))).digest('hex');
  const mark = join(dir, 'repository-release.json');
  const last = existsSync(mark) ? JSON.parse(readFileSync(mark, 'utf8')) : { number: -1 };
  if (last.hash === hash) {
    await repository.publish(); /* so that nothing expires */
    return;
  }
  const number = last.number + 1;
  const [major, minor] = base.split('.');
  await repository.release(`${major}.${minor}.${number}`, files, { notes: 'Built here.', needs: { cores: 1, memory_mib: 64, disk_mib: 64 } });
  writeFileSync(mark, JSON.stringify({ number, hash }));
}
