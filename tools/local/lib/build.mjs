// Builds what the local network runs, if it is not there from the same sources.
import { spawn } from 'node:child_process';
import { mkdirSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Fault, step } from './say.mjs';

export const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
export const buildDir = join(root, 'build');
/* Tests of another build directory name it. */
const programDir = process.env.PASSMESH_PROGRAMS ?? join(buildDir, 'apps');
/** What the server's package holds, its entry first. */
export const serverPrograms = ['passmesh-server', 'passmesh-keyd'];
export const programs = Object.fromEntries(['passmesh', ...serverPrograms, 'passmesh-repo'].map((n) => [n, join(programDir, n)]));

const DISK_MIB_MIN = 600;

function run(what, program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    const add = (data) => { text = (text + data).slice(-20_000); };
    child.stdout.on('data', add);
    child.stderr.on('data', add);
    child.once('error', () => reject(new Fault(`${program} is missing: run make deps, then start again.`)));
    child.once('exit', (code) => {
      if (code === 0) {
        resolve(text);
      } else if (/No space left on device/.test(text)) {
        reject(Object.assign(new Error('disk'), { code: 'ENOSPC' }));
      } else {
        reject(new Fault(`${what} failed:\n${text.trimEnd().split('\n').slice(-25).join('\n')}`));
      }
    });
  });
}

const buildPage = () => run('Building the page', join(root, 'ui/build.sh'), [join(buildDir, 'ui')]);

export function checkDisk() {
  mkdirSync(buildDir, { recursive: true });
  const { bavail, bsize } = statfsSync(buildDir);
  if ((bavail * bsize) / 2 ** 20 < DISK_MIB_MIN) {
    throw Object.assign(new Error('disk'), { code: 'ENOSPC' });
  }
}

/** Programs, contracts and page. */
export async function buildAll() {
  checkDisk();
  if (process.env.PASSMESH_PROGRAMS) {
    await buildPage();
    return;
  }
  await step('Configuring the build', () => run('Configuring', 'make', ['--no-print-directory', 'build/build.ninja']));
  await step('Building the programs and the page', async () => {
    const page = buildPage();
    page.catch(() => {}); /* is told below, after the programs */
    await run('Building', 'ninja', ['-C', 'build', ...Object.keys(programs).map((n) => `apps/${n}`)]);
    await page;
  });
}
