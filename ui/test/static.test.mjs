/* What needs no browser: source rules, texts, snapshots against api/, units, budgets, the same bytes twice. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { buildPage } from '../build.mjs';
import { HEADERS } from '../headers.mjs';
import { check, checkError, codes, errors, methods, topics } from './schema.mjs';

const ui = join(dirname(fileURLToPath(import.meta.url)), '..');
const scratch = mkdtempSync(join(tmpdir(), 'passmesh-ui-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

const walk = (folder) => readdirSync(folder).flatMap((name) => {
  const path = join(folder, name);
  return statSync(path).isDirectory() ? walk(path) : [path];
});
const sources = walk(join(ui, 'src')).map((path) => [relative(join(ui, 'src'), path), readFileSync(path, 'utf8')]);

async function load(entry) {
  const outfile = join(scratch, `${entry.replace(/\W/g, '_')}.mjs`);
  await build({ entryPoints: [join(ui, 'src', entry)], outfile, bundle: true, format: 'esm', platform: 'node', logLevel: 'warning', jsx: 'automatic', jsxImportSource: 'preact' });
  return import(pathToFileURL(outfile));
}

const FORBIDDEN = [
  [/innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write|DOMParser|srcdoc/, 'markup from text'],
  [/\beval\(|new Function|setTimeout\(\s*['"`]/, 'code from text'],
  [/\bstyle=/, 'an inline style'],
  [/\bNumber\(|parseFloat\(/, 'a JS number where an amount could be'],
  [/localStorage|indexedDB|document\.cookie|serviceWorker|sendBeacon/, 'storage or a channel that we do not use'],
  [/console\.(log|info|debug)/, 'a forgotten print'],
];

/** The faults of one source file; empty if it keeps the rules. */
function faultsOf(path, text) {
  const out = FORBIDDEN.filter(([pattern]) => pattern.test(text)).map(([, what]) => `${path}: ${what}`);
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
  if (!path.startsWith('text/') && !path.endsWith('.svg') && /(https?|wss?):\/\/[a-z]/.test(code)) {
    out.push(`${path}: a URL literal`);
  }
  if (!path.startsWith('api/') && /\bfetch\(|new WebSocket|XMLHttpRequest|EventSource/.test(code)) {
    out.push(`${path}: the network outside api/`);
  }
  const feature = /^features\/(\w+)\//.exec(path)?.[1];
  for (const [, target] of feature ? code.matchAll(/from '\.\.\/(\w+)\//g) : []) {
    if (target !== feature) {
      out.push(`${path}: imports across features (${target})`);
    }
  }
  if (/^(features|widgets|app)\//.test(path) && path.endsWith('.tsx')) {
    for (const [, words] of code.matchAll(/>\s*([A-Za-z\u4e00-\u9fff][\w ,.'\u4e00-\u9fff]*)\s*<\/[a-z]/g)) {
      if (!['Passmesh', 'g', 'Esc'].includes(words.trim())) {
        out.push(`${path}: text outside text/ (${words})`);
      }
    }
    for (const [, words] of code.matchAll(/(?:aria-label|title|label|placeholder)="([^"]*[A-Za-z\u4e00-\u9fff][^"]*)"/g)) {
      out.push(`${path}: text outside text/ (${words})`);
    }
  }
  if (path !== 'api/generated.ts' && text.split('\n').length > 800) {
    out.push(`${path}: longer than 800 lines`);
  }
  return out;
}

test('source rules hold', () => {
  assert.deepEqual(sources.flatMap(([path, text]) => faultsOf(path, text)), []);
});

test('source rules can fail', () => {
  const bad = [
    ['widgets/a.tsx', 'x.innerHTML = y'], ['widgets/a.tsx', '<p style="color:red" />'], ['format/a.ts', 'Number(amount)'], ['store/a.ts', "const u = 'https://example.org'"],
    ['features/home/a.tsx', "await fetch('/x')"], ['features/home/a.tsx', "import { x } from '../send/send'"], ['features/home/a.tsx', '<p>Hello there</p>'], ['app/a.tsx', '<button aria-label="Close" />'],
    ['api/a.ts', 'localStorage.x = 1'], ['api/a.ts', "new Function('x')"],
  ];
  bad.forEach(([path, text]) => assert.notDeepEqual(faultsOf(path, text), [], text));
});

test('types are right', () => {
  execFileSync(process.execPath, [join(ui, 'node_modules/typescript/bin/tsc'), '-p', ui], { stdio: 'pipe' });
});

test('made files are fresh', () => {
  execFileSync('python3', [join(ui, '../tools/api_gen.py'), '--check'], { stdio: 'pipe' });
});

test('lock file names no registry', () => {
  assert.ok(!/"resolved"|https?:\/\/(?!opencollective|github|paypal|www\.patreon|tidelift)/.test(readFileSync(join(ui, 'package-lock.json'), 'utf8').replace(/"url": ".*"/g, '')));
});

test('texts are whole in both languages', async () => {
  const [base, chineseBase] = [(await load('text/en.ts')).en, (await load('text/zh.ts')).zh];
  const en = { ...base, ...(await load('text/server_en.ts')).serverEn, ...(await load('text/account_en.ts')).accountEn, ...(await load('text/guardian_en.ts')).guardianEn, ...(await load('text/network_en.ts')).networkEn };
  const zh = { ...chineseBase, ...(await load('text/server_zh.ts')).serverZh, ...(await load('text/account_zh.ts')).accountZh, ...(await load('text/guardian_zh.ts')).guardianZh, ...(await load('text/network_zh.ts')).networkZh };
  const kinds = { why: en.why, risk: { ...en.risk, ...en.setting.risk }, next: en.next, undo: en.undo, reason: en.reason, reach: en.reach, sent: en.sent, sent_to: en.sentTo, refusal: en.refusal, health: en.health, evidence: en.evidence, action: en.action, hardware: en.hardware, plugin: en.plugin };
  for (const [kind, table] of Object.entries(codes)) {
    assert.deepEqual(Object.keys(kinds[kind]).sort(), Object.keys(table).sort(), `codes of kind ${kind}`);
  }
  assert.deepEqual(Object.keys(en.error).sort(), Object.keys(errors).sort(), 'codes of errors.json');
  const flat = (node, path, out) => {
    if (typeof node === 'function') {
      const sample = new Proxy({ toString: () => '7', valueOf: () => 7 }, { get: (o, k) => (k === Symbol.toPrimitive ? () => '7' : k in o ? o[k] : '7') });
      out.set(path, String(node.length === 1 && !/^(setting\.)?(error|why|risk|next|undo|reason|reach|sent|refusal|health|evidence|action|hardware|plugin)/.test(path) ? node('7') : node.length > 1 ? node(7, 7, 7) : node(sample)));
    } else if (typeof node === 'object') {
      Object.entries(node).forEach(([key, child]) => flat(child, `${path}.${key}`.replace(/^\./, ''), out));
    } else {
      out.set(path, node);
    }
    return out;
  };
  const [english, chinese] = [flat(en, '', new Map()), flat(zh, '', new Map())];
  assert.deepEqual([...english.keys()].sort(), [...chinese.keys()].sort());
  const allowed = /Linux|\/dev\/[\w-]+|Intel|AMD|AWS|Arm|SGX|TDX|SEV-SNP|SNP|CCA|EPYC|Nitro|PRF|EIP|JSON|Gas|keystore|TrustZone|OP-TEE|TEE|Hyper-V|GiB|AES|PTT|sgx_prv|sgx|tss|tee|kvm_intel|tpm_crb|tpm_tis|tdx|sev-guest|ccp|configfs|arm-cca-guest|hardware --report|Passmesh|passmesh|localhost|open|PIN|QR|TPM|USB|NFC|MiB|DHT|IPFS|ERC|ETH|wei|Apache|Ctrl|eth|http|127|zh-Hans|USDC|Mbit|plugin add URL ROOT_FILE|-server withdraw|TCP|UDP|ip4|tcp/g;
  for (const [path, text] of chinese) {
    assert.ok(text.trim().length > 0, `${path} is empty`);
    if (path !== 'lang' && path !== 'locale') {
      assert.ok(!/[A-Za-z]{3,}/.test(text.replace(allowed, '')), `${path} holds English: ${text}`);
      assert.ok(!/[\u4e00-\u9fff] [A-Za-z0-9]|[A-Za-z] [\u4e00-\u9fff]/.test(text.replace(/7 (?=[\u4e00-\u9fff])|[\u4e00-\u9fff] 7/g, '')), `${path}: a space between Han and Latin: ${text}`);
    }
  }
  for (const [path, text] of english) {
    assert.ok(text.trim().length > 0 && !/undefined|\[object/.test(text), `${path}: ${text}`);
    assert.ok(!/[\u4e00-\u9fff]/.test(text), `${path} holds Chinese`);
  }
});

test('snapshots of the gallery fit api/', async () => {
  globalThis.__ERRORS__ = Object.fromEntries(Object.entries(errors).map(([code, e]) => [code, Object.keys(e.params)]));
  const { make } = await import('./states.mjs');
  const { topics: usual, replies, states } = make(1764100000000);
  const json = (value) => JSON.parse(JSON.stringify(value));
  const checkReply = (method, reply, where) => (reply.error?.next ? checkError(reply.error.code, reply.error.params, where) : check(methods[method].result, json(reply), where));
  Object.entries(usual).forEach(([topic, data]) => check(topics[topic].snapshot, json(data), `topic ${topic}`));
  Object.entries(replies).forEach(([method, reply]) => checkReply(method, reply, `reply ${method}`));
  for (const [name, state] of Object.entries(states)) {
    Object.entries(state.topics ?? {}).forEach(([topic, data]) => data === null || check(topics[topic].snapshot, json(data), `${name}, topic ${topic}`));
    Object.entries(state.replies ?? {}).forEach(([method, reply]) => reply === null || checkReply(method, reply, `${name}, reply ${method}`));
  }
  Object.keys(errors).forEach((code) => assert.ok(states[`error-${code}`], `no state shows error ${code}`));
});

test('the schema check can fail', () => {
  const figure = topics.balances.example.snapshot;
  assert.throws(() => check(methods.status.result, { ...methods.status.example.result, extra: 1 }, 'x'), /unknown/);
  assert.throws(() => check(methods.send_prepare.params, { ...methods.send_prepare.example.params, amount: '01' }, 'x'), /uint/);
  assert.throws(() => check(methods.send_prepare.params, { ...methods.send_prepare.example.params, amount: '-1' }, 'x'), /uint/);
  assert.doesNotThrow(() => check(topics.balances.snapshot, figure, 'x'));
});

test('amounts: exact, cut towards zero, nothing guessed', async () => {
  const { parseAmount, showAmount, toDecimal } = await load('format/amount.ts');
  const cases = [['1.5', 18, 1500000000000000000n], ['0', 18, 0n], ['.5', 18, 'not'], ['1.', 6, 1000000n], ['1,5', 18, 'comma'], ['1.1234567', 6, 'decimals'], ['', 6, 'empty'], ['-1', 6, 'not'],
    ['1e3', 6, 'not'], ['١', 6, 'not'], ['0x10', 18, 'not'], [`${2n ** 256n}`, 0, 'not'], [`${2n ** 256n - 1n}`, 0, 2n ** 256n - 1n], ['0.000000000000000001', 18, 1n], ['1 000', 18, 'not']];
  cases.forEach(([text, decimals, want]) => {
    const got = parseAmount(text, decimals);
    assert.equal('value' in got ? got.value : got.fault, want, text);
  });
  const shows = [[1500000000000000000n, 18, false, '1.5'], [12345678901234567890n, 18, false, '12.345678…'], [12345678901234567890n, 18, true, '12.34567890123456789'], [1n, 18, false, '<0.000001'], [0n, 18, false, '0'],
    [999999999999999999n, 18, false, '0.999999…'], [250000000n, 6, false, '250'], [12345678900000n, 6, false, '12,345,678.9'], [2n ** 256n - 1n, 18, true, '115,792,089,237,316,195,423,570,985,008,687,907,853,269,984,665,640,564,039,457.584007913129639935']];
  shows.forEach(([value, decimals, all, want]) => assert.equal(showAmount(value, decimals, 'en', all), want));
  for (let i = 0; i < 2000; i++) {
    const decimals = i % 40;
    const value = BigInt(`0x${[...crypto.getRandomValues(new Uint8Array(1 + (i % 31)))].map((b) => b.toString(16).padStart(2, '0')).join('')}`);
    assert.deepEqual(parseAmount(toDecimal(value, decimals), decimals), { value }, `${value} with ${decimals} decimals`);
  }
});

test('addresses: ten groups, differing ones found, strangers\' text is stripped', async () => {
  const { differing, groupsOf, shortAddress } = await load('format/address.ts');
  const { clean } = await load('format/clean.ts');
  const a = '0x71C7656EC7ab88b098defB751B7401B5f6d8976F';
  assert.equal(groupsOf(a).length, 10);
  assert.equal(shortAddress(a), '0x71C765…d8976F');
  assert.deepEqual([...differing(a, '0x71C76c3EC7ab11b098aefB751B7401B5f6d8976F')], [1, 3, 4]);
  assert.deepEqual([...differing(a, a.toLowerCase())], []);
  assert.equal(clean('a\u202eb\u200bc\u0000d\u2066e'), 'abcde');
  assert.equal([...clean('x'.repeat(10000))].length, 80);
  assert.equal(clean('\u{e0041}\u{e0042}ok'), 'ok');
});

test('approve is alive only when each rule holds', async () => {
  const { whyDead } = await load('widgets/approve_rules.ts');
  const live = { isAnswered: false, isBusy: false, isLinkUp: true, areKeysUp: true, isDoubtful: false, isBlocked: false, isDecoded: true, isStale: false, isTrialRunning: false, shownMs: 5000, unticked: 0, isSeen: true, quietMs: 1000 };
  assert.equal(whyDead(live), null);
  const dead = [[{ isAnswered: true }, 'answered'], [{ isBusy: true }, 'busy'], [{ isLinkUp: false }, 'lost'], [{ areKeysUp: false }, 'keys'], [{ isBlocked: true }, 'blocked'], [{ isDoubtful: true }, 'doubtful'],
    [{ isDecoded: false }, 'decoded'], [{ isStale: true }, 'stale'], [{ isTrialRunning: true, shownMs: 2999 }, 'trial'], [{ isTrialRunning: true, shownMs: 3000 }, null], [{ isSeen: false }, 'seen'],
    [{ unticked: 1 }, 'ticked'], [{ quietMs: 999 }, 'quiet'], [{ isSeen: false, isBlocked: true }, 'blocked']];
  dead.forEach(([change, want]) => assert.equal(whyDead({ ...live, ...change }), want, JSON.stringify(change)));
});

test('routes', async () => {
  globalThis.location = { hash: '' };
  globalThis.addEventListener ??= () => undefined;
  const { parseRoute } = await load('app/routes.ts');
  const cases = [['', 'home', ''], ['#/home', 'home', ''], ['#/approve/op1', 'approve', 'op1'], ['#/activity/op_1-x', 'operation', 'op_1-x'], ['#/approve/<b>', 'missing', ''], ['#/../x', 'missing', ''], [`#/approve/${'a'.repeat(65)}`, 'missing', '']];
  cases.forEach(([hash, screen, id]) => assert.deepEqual([parseRoute(hash).screen, parseRoute(hash).id], [screen, id], hash));
});

test('two builds are byte-equal, hashed, and within the budget', async (t) => {
  const [a, b] = [join(scratch, 'a'), join(scratch, 'b')];
  await buildPage(a);
  await buildPage(b);
  const manifest = readFileSync(join(a, 'manifest.json'), 'utf8');
  assert.equal(manifest, readFileSync(join(b, 'manifest.json'), 'utf8'));
  const { files, headers } = JSON.parse(manifest);
  for (const f of files) {
    assert.ok(readFileSync(join(a, f.file)).equals(readFileSync(join(b, f.file))), f.file);
    assert.ok(/^(index\.html|LICENSES\.txt)$|-[A-Z0-9]{8}\.(js|css|svg)$/.test(f.file), `${f.file} has no hashed name`);
    assert.ok(!/sourceMappingURL/.test(readFileSync(join(a, f.file), 'utf8')), 'a source map');
  }
  assert.deepEqual(headers, HEADERS);
  const shipped = files.filter((f) => f.file !== 'LICENSES.txt');
  const sum = (list) => list.reduce((n, f) => n + f.gzip, 0) / 1000;
  const of = (language) => sum(shipped.filter((f) => !/^text\./.test(f.role) || f.role.includes(language)));
  /* page: what opening it brings, in the longer language; visited: the most that one person's browser loads, who opens every screen */
  const isFirst = (f) => /^(main\.(\d+\.)?js|style\.css|index\.html|icon\.svg)$/.test(f.role);
  const kb = { page: sum(shipped.filter(isFirst)) + Math.max(...['en', 'zh'].map((l) => sum(shipped.filter((f) => f.role === `text.${l}.js`)))), visited: Math.max(of('en'), of('zh')), all: sum(shipped), js: sum(shipped.filter((f) => /^main\.(\d+\.)?js$/.test(f.role) || f.role === 'text.en.js')), css: sum(shipped.filter((f) => f.role === 'style.css')) };
  t.diagnostic(`ui_gzip_kb ${kb.page.toFixed(1)} (with every screen visited ${kb.visited.toFixed(1)}, all languages ${kb.all.toFixed(1)}, JavaScript of the first load ${kb.js.toFixed(1)}, CSS ${kb.css.toFixed(1)})`);
  assert.ok(kb.page <= 80 && kb.visited <= 125 && kb.js <= 60 && kb.css <= 10, JSON.stringify(kb));
});
