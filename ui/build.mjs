/* Builds the page: node build.mjs OUT_DIR [--gallery]
 *
 * OUT_DIR gets files with hashed names, index.html, LICENSES.txt and manifest.json:
 *   {"headers": {name: value}, "files": [{"path", "file", "type", "sha256", "size", "gzip", "cache", "role"}]}
 * path is what the browser asks for, file the name in OUT_DIR. Two builds of one source are byte-equal.
 * With --gallery also gallery.html, for tests only: every screen in every state, without a daemon. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { HEADERS } from './headers.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const read = (path) => readFileSync(path, 'utf8');

const TYPES = { html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml', txt: 'text/plain; charset=utf-8' };

/* The icons that src/widgets/icons.d.ts names, as data; all shapes become paths. */
const icons = {
  name: 'icons',
  setup(b) {
    b.onResolve({ filter: /^icons$/ }, () => ({ path: 'icons', namespace: 'icons' }));
    b.onLoad({ filter: /.*/, namespace: 'icons' }, () => {
      const nodes = JSON.parse(read(require.resolve('lucide-static/icon-nodes.json')));
      const names = [...read(join(here, 'src/widgets/icons.d.ts')).matchAll(/'([a-z-]+)'/g)].map((m) => m[1]).filter((n) => n !== 'icons' && n !== 'path');
      const data = Object.fromEntries(names.map((n) => {
        if (!nodes[n]) {
          throw new Error(`no icon ${n}`);
        }
        return [n, nodes[n]];
      }));
      return { contents: `export default ${JSON.stringify(data)}`, loader: 'js' };
    });
  },
};

function options(entryPoints, outdir, define) {
  return {
    entryPoints, outdir, define, bundle: true, splitting: true, format: 'esm', minify: true, write: false, metafile: true, charset: 'utf8', legalComments: 'none',
    target: ['chrome120', 'firefox128', 'safari18'], jsx: 'automatic', jsxImportSource: 'preact', plugins: [icons], logLevel: 'warning', absWorkingDir: here,
    entryNames: '[name]-[hash]', chunkNames: 'c-[hash]', assetNames: '[name]-[hash]',
  };
}

function licences(metafile) {
  const names = new Set(['lucide-static']);
  for (const path of Object.keys(metafile.inputs)) {
    const match = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path);
    if (match) {
      names.add(match[1]);
    }
  }
  return [...names].sort().map((name) => {
    const folder = join(here, 'node_modules', name);
    const { version, license } = JSON.parse(read(join(folder, 'package.json')));
    let text = `Licence: ${license}\n`;
    try {
      text = read(join(folder, 'LICENSE'));
    } catch { /* some packages name their licence only */ }
    return `== ${name} ${version} (${license})\n\n${text.trim()}\n`;
  }).join('\n');
}

export async function buildPage(out, { withGallery = false } = {}) {
  const entries = { main: 'src/main.tsx', ...(withGallery ? { gallery: 'test/gallery.tsx' } : {}) };
  const errors = withGallery ? JSON.parse(read(join(here, '../api/errors.json'))).errors : {};
  const params = Object.fromEntries(Object.entries(errors).map(([code, e]) => [code, Object.keys(e.params)]));
  const js = await build(options(entries, out, withGallery ? { __ERRORS__: JSON.stringify(params) } : {}));
  const css = await build({ ...options({ style: 'src/style/all.css' }, out, {}), splitting: false, format: undefined });
  const made = new Map(); /* file name -> bytes */
  const names = new Map(); /* what index.html calls it -> file name */
  for (const result of [js, css]) {
    for (const file of result.outputFiles) {
      made.set(basename(file.path), Buffer.from(file.contents));
    }
    for (const [path, info] of Object.entries(result.metafile.outputs)) {
      const inputs = Object.keys(info.inputs).filter((i) => i.startsWith('src/text/'));
      if (info.entryPoint) {
        names.set(basename(info.entryPoint).replace(/\.tsx$/, '.js').replace('all.css', 'style.css'), basename(path));
      }
      if (info.entryPoint === 'src/main.tsx') { /* all that the first load brings along */
        info.imports.filter((i) => i.kind === 'import-statement').forEach((i, n) => names.set(`main.${n}.js`, basename(i.path)));
      }
      if (inputs.length === 1 && /(en|zh)\.ts$/.test(inputs[0])) {
        names.set(`text.${basename(inputs[0], '.ts')}.js`, basename(path));
      }
    }
  }
  const icon = readFileSync(join(here, 'src/style/icon.svg'));
  const iconName = `icon-${createHash('sha256').update(icon).digest('hex').slice(0, 8).toUpperCase()}.svg`;
  made.set(iconName, icon);
  names.set('icon.svg', iconName);
  const fill = (html) => html.replace(/\{\{([\w.]+)\}\}/g, (_, name) => {
    if (!names.has(name)) {
      throw new Error(`index.html names ${name}, which was not built`);
    }
    return `/${names.get(name)}`;
  });
  const index = read(join(here, 'index.html'));
  made.set('index.html', Buffer.from(fill(index)));
  if (withGallery) {
    made.set('gallery.html', Buffer.from(fill(index.replace('{{main.js}}', '{{gallery.js}}'))));
  }
  made.set('LICENSES.txt', Buffer.from(licences(js.metafile)));
  writeAll(out, made, names);
  return made;
}

function writeAll(out, made, names) {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const role = new Map([...names].map(([name, file]) => [file, name]));
  const files = [...made.keys()].sort().map((file) => {
    const bytes = made.get(file);
    writeFileSync(join(out, file), bytes);
    return {
      path: file === 'index.html' ? '/' : `/${file}`, file, type: TYPES[file.split('.').pop()], sha256: createHash('sha256').update(bytes).digest('hex'),
      size: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, role: role.get(file) ?? file,
    };
  });
  writeFileSync(join(out, 'manifest.json'), `${JSON.stringify({ headers: HEADERS, files }, null, 1)}\n`);
}

/* Names, sizes and times of all files that the page is made of: changes whenever the page may. */
function stampOf(paths) {
  const hash = createHash('sha256');
  const add = (path) => {
    const s = statSync(path);
    if (s.isDirectory()) {
      readdirSync(path).sort().forEach((name) => add(join(path, name)));
    } else {
      hash.update(`${path}\0${s.size}\0${s.mtimeMs}\0`);
    }
  };
  paths.forEach((p) => add(join(here, p)));
  return hash.digest('hex');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = process.argv[2] ?? join(here, '..', 'build', 'ui');
  const mark = `${out}.stamp`;
  const stamp = stampOf(['src', 'index.html', 'build.mjs', 'headers.mjs', 'package-lock.json', '../api']);
  if (process.argv.includes('--if-changed') && existsSync(join(out, 'manifest.json')) && existsSync(mark) && read(mark) === stamp) {
    process.exit(0);
  }
  rmSync(mark, { force: true });
  await buildPage(out, { withGallery: process.argv.includes('--gallery') });
  writeFileSync(mark, stamp);
  const { files } = JSON.parse(read(join(out, 'manifest.json')));
  const total = files.filter((f) => f.file !== 'LICENSES.txt').reduce((sum, f) => sum + f.gzip, 0);
  console.log(`${relative(process.cwd(), out)}: ${files.length} files, ${(total / 1000).toFixed(1)} kB gzip`);
}
