// What other programs and users of this machine can do to the local API: ports, sockets, files and processes. A8 to A11.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, closeSync, existsSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { hostname, networkInterfaces, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Daemon, freePort, localCall, makeHome, run, sleep, until, writeConfig } from './daemon.mjs';

let d;
before(async () => { d = await Daemon.start(); });
after(() => d.end());

const isRoot = process.getuid() === 0;
const OTHER = 65534;
const mode = (path) => (lstatSync(path).mode & 0o777).toString(8);

/** Starts a daemon that must not come up; what it said. */
async function failsToStart(home) {
  const it = run(home, ['daemon']);
  const code = await Promise.race([it.ended, setTimeout(10000, 'it runs', { ref: false })]);
  it.child.kill('SIGKILL');
  assert.equal(code, 1, it.err);
  return it.err;
}

// ---- A8

/** Local addresses of the sockets on which a process listens. */
function listening(pid) {
  const inodes = new Set(readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /socket:\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.slice(1) ?? [];
    } catch {
      return [];
    }
  }));
  return ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((kind) => readFileSync(`/proc/${pid}/net/${kind}`, 'utf8').split('\n').slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((w) => inodes.has(w[9]) && (kind.startsWith('udp') || w[3] === '0A'))
    .map((w) => `${kind} ${w[1]}`));
}

test('the daemon listens on loopback alone, but for the announcements of mDNS', () => {
  const MDNS = /^udp 0{8}:14E9$/; // RFC 6762: port 5353
  const [heard, other] = [(a) => MDNS.test(a), (a) => !MDNS.test(a)].map((is) => listening(d.pid).filter(is));
  assert.ok(heard.length <= 1, heard.join());
  assert.ok(other.length >= 2, other.join());
  for (const address of other) {
    assert.match(address, /^(tcp 0100007F|tcp6 00000000000000000000000001000000):/);
  }
});

for (const address of ['127.0.0.2', ...Object.values(networkInterfaces()).flat().filter((i) => !i.internal).map((i) => i.address)]) {
  test(`nobody answers on ${address === '127.0.0.2' ? address : 'an address of the network'}`, async () => {
    await assert.rejects(new Promise((done, failed) => {
      const s = net.connect({ port: d.port, host: address, timeout: 2000 }, () => { s.destroy(); done(); });
      s.on('error', failed);
      s.on('timeout', () => { s.destroy(); failed(new Error('no answer')); });
    }));
  });
}

// ---- A9: the port

for (const address of ['127.0.0.1', '::1', '0.0.0.0']) {
  test(`a port held by another program on ${address} is refused, and the program is named`, async (t) => {
    const port = await freePort();
    const script = `import socket,sys,time\ns=socket.socket(socket.AF_INET6 if ':' in '${address}' else socket.AF_INET)\ns.bind(('${address}',${port}))\ns.listen(1)\nprint('held',flush=True)\ntime.sleep(60)`;
    const holder = spawn('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      await new Promise((done, failed) => { holder.stdout.once('data', done); holder.once('close', failed); });
      const name = readFileSync(`/proc/${holder.pid}/comm`, 'utf8').trim();
      const home = makeHome(port);
      const said = await failsToStart(home);
      assert.ok(said.includes(`Port ${port} is held by`) && said.includes(name), said);
      assert.ok(!existsSync(join(home, 'run', 'passmesh.sock')), 'no socket is left behind');
      rmSync(home, { recursive: true });
    } finally {
      holder.kill();
    }
    t.diagnostic('named');
  });
}

test('a second daemon on the same home and another port is refused and harms nothing', async () => {
  writeConfig(d.home, await freePort());
  const said = await failsToStart(d.home);
  writeConfig(d.home, d.port);
  assert.match(said, /running already/);
  assert.match(said, /passmesh stop/);
  assert.equal((await d.local('status')).result.locked, false, 'the first one still answers on its socket');
});

// ---- A9: the socket

test('the socket is 0600 in a directory of 0700, and so are the files of the wallet', () => {
  assert.equal(mode(d.socket), '600');
  assert.equal(mode(join(d.home, 'run')), '700');
  assert.equal(mode(join(d.home, 'data')), '700');
  for (const f of readdirSync(join(d.home, 'data'), { recursive: true })) {
    assert.equal(lstatSync(join(d.home, 'data', f)).mode & 0o077, 0, f);
  }
});

async function withHome(prepare, check) {
  const home = makeHome(await freePort());
  mkdirSync(join(home, 'run'), { mode: 0o700 });
  await prepare(home, join(home, 'run', 'passmesh.sock'));
  try {
    await check(home, join(home, 'run', 'passmesh.sock'));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function starts(home) {
  const it = run(home, ['daemon']);
  await until('the daemon', () => {
    assert.equal(it.code, undefined, it.err);
    return it.err.includes('ready at');
  });
  return it;
}

test('a stale socket of a daemon that was killed is replaced', async () => {
  await withHome(() => {}, async (home, socket) => {
    const first = await starts(home);
    first.child.kill('SIGKILL');
    await first.ended;
    assert.ok(lstatSync(socket).isSocket(), 'the socket was left behind');
    const second = await starts(home);
    assert.equal((await localCall(socket, '{"jsonrpc":"2.0","id":1,"method":"status","params":{}}')).id, 1);
    second.child.kill('SIGTERM');
    assert.equal(await second.ended, 0);
    assert.ok(!existsSync(socket), 'an orderly end takes the socket away');
  });
});

test('a socket path that is a symbolic link is refused, and what it points to stays', async () => {
  await withHome((home, socket) => {
    writeFileSync(join(home, 'precious'), 'precious');
    symlinkSync(join(home, 'precious'), socket);
  }, async (home, socket) => {
    assert.ok((await failsToStart(home)).includes(socket));
    assert.equal(readFileSync(join(home, 'precious'), 'utf8'), 'precious');
    assert.ok(lstatSync(socket).isSymbolicLink());
  });
});

test('a dangling symbolic link as socket path is refused, and nothing is made behind it', async () => {
  await withHome((home, socket) => symlinkSync(join(home, 'elsewhere'), socket), async (home) => {
    await failsToStart(home);
    assert.ok(!existsSync(join(home, 'elsewhere')));
  });
});

test('a file in the place of the socket is refused and kept', async () => {
  await withHome((home, socket) => writeFileSync(socket, 'precious'), async (home, socket) => {
    await failsToStart(home);
    assert.equal(readFileSync(socket, 'utf8'), 'precious');
  });
});

test('a runtime directory that is a symbolic link is refused', async () => {
  await withHome((home) => {
    rmSync(join(home, 'run'), { recursive: true });
    mkdirSync(join(home, 'elsewhere'));
    symlinkSync(join(home, 'elsewhere'), join(home, 'run'));
  }, async (home) => assert.ok((await failsToStart(home)).includes(join(home, 'run'))));
});

test('a runtime directory that is open to others is closed to them', async () => {
  await withHome((home) => chmodSync(join(home, 'run'), 0o777), async (home) => {
    const it = await starts(home);
    assert.equal(mode(join(home, 'run')), '700');
    it.child.kill('SIGTERM');
    await it.ended;
  });
});

test('a runtime directory of another user is refused', { skip: !isRoot && 'only root can make one' }, async () => {
  await withHome((home) => chownSync(join(home, 'run'), OTHER, OTHER), async (home) => {
    assert.ok((await failsToStart(home)).includes(join(home, 'run')));
  });
});

// ---- A10: other users

/** Runs python as another user. */
const asOther = (script) => spawnSync('python3', ['-c', script], { uid: OTHER, gid: OTHER, cwd: '/', encoding: 'utf8', timeout: 10000 });
const TRY_SOCKET = (path) => `
import socket, struct
s = socket.socket(socket.AF_UNIX)
s.settimeout(3)
try:
    s.connect(${JSON.stringify(path)})
    m = b'{"jsonrpc":"2.0","id":1,"method":"open_code","params":{}}'
    s.sendall(struct.pack('>I', len(m)) + m)
    print('got', s.recv(1000))
except OSError as e:
    print('refused', type(e).__name__)
`;

test('another user does not reach the socket', { skip: !isRoot && 'only root can become another user' }, () => {
  chmodSync(d.home, 0o711);
  const it = asOther(TRY_SOCKET(d.socket));
  assert.match(it.stdout, /^refused PermissionError/, it.stdout + it.stderr);
});

test('another user who reaches the socket all the same is turned away by his uid', { skip: !isRoot && 'only root can become another user' }, () => {
  chmodSync(d.home, 0o711);
  chmodSync(join(d.home, 'run'), 0o711);
  chmodSync(d.socket, 0o666);
  try {
    const it = asOther(TRY_SOCKET(d.socket));
    assert.match(it.stdout, /^got b''|^refused (ConnectionResetError|BrokenPipeError)/, it.stdout + it.stderr);
  } finally {
    chmodSync(d.socket, 0o600);
    chmodSync(join(d.home, 'run'), 0o700);
  }
});

test('another user reads no file of the wallet and no memory of its processes', { skip: !isRoot && 'only root can become another user' }, () => {
  chmodSync(d.home, 0o711);
  for (const path of [join(d.home, 'data', 'wallet.db'), `/proc/${d.pid}/environ`, `/proc/${d.pid}/mem`, `/proc/${d.pid}/maps`]) {
    const it = asOther(`
try:
    open(${JSON.stringify(path)}, 'rb').read(1)
    print('read')
except OSError as e:
    print('refused')
`);
    assert.match(it.stdout, /^refused/, path);
  }
});

// ---- the framing of the Unix socket

const framed = {
  'a length above 256 KiB': Buffer.from('00040001', 'hex'),
  'a length of 2^32 - 1': Buffer.from('ffffffff', 'hex'),
};
for (const [name, bytes] of Object.entries(framed)) {
  test(`${name} ends the connection`, async () => {
    const s = net.connect(d.socket);
    s.on('error', () => {});
    s.write(bytes);
    await until('the end', () => s.destroyed || s.readableEnded || s.closed || (s.resume(), false), 3000);
    assert.ok(d.isAlive());
  });
}

test('a message byte by byte, two messages at once, and an empty one', async () => {
  const message = (id) => {
    const text = Buffer.from(`{"jsonrpc":"2.0","id":${id},"method":"settings_get","params":{}}`);
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(text.length);
    return Buffer.concat([prefix, text]);
  };
  const s = net.connect(d.socket);
  let got = '';
  s.on('data', (b) => { got += b.toString('latin1'); });
  for (const byte of message(1)) {
    s.write(Buffer.from([byte]));
    await sleep(1);
  }
  s.write(Buffer.concat([message(2), message(3), Buffer.alloc(4), message(4)]));
  await until('the answers', () => ['"id":1,', '"id":2,', '"id":3,', 'parse_error', '"id":4,'].every((t) => got.includes(t)));
  s.destroy();
});

test('the 17th connection of the Unix socket is turned away, and room comes back', async () => {
  const all = Array.from({ length: 20 }, () => {
    const s = net.connect(d.socket);
    s.on('error', () => {});
    s.resume();
    return s;
  });
  await until('four to be closed', () => all.filter((s) => s.readableEnded || s.destroyed).length === 4);
  all.forEach((s) => s.destroy());
  await until('room', () => d.local('status').then(() => true, () => false));
});

// ---- A11: where secrets must not stand

const ours = () => readdirSync('/proc').filter((p) => /^\d+$/.test(p)).filter((p) => {
  try {
    return readFileSync(`/proc/${p}/cmdline`, 'latin1').includes(d.home) || readFileSync(`/proc/${p}/status`, 'utf8').includes(`PPid:\t${d.pid}\n`);
  } catch {
    return false;
  }
});

test('code and token stand in no arguments, no environment, no log and no file', async () => {
  const code = await d.code();
  const token = await d.session();
  await d.rpc(token, 'status');
  await d.rpc(`${token.slice(1)}A`, 'status');
  await d.post('/session', JSON.stringify({ code }));
  await d.get(`/?c=${code}`);
  const { result } = JSON.parse((await d.rpc(token, 'log_tail', { limit: 500 })).body);
  const pids = [String(d.pid), ...ours()];
  const places = { log: d.process.err + d.process.out, log_tail: JSON.stringify(result) };
  for (const pid of pids) {
    places[`${pid} cmdline`] = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    places[`${pid} environ`] = readFileSync(`/proc/${pid}/environ`, 'latin1');
  }
  for (const f of readdirSync(d.home, { recursive: true }).map((n) => join(d.home, n)).filter((f) => statSync(f, { throwIfNoEntry: false })?.isFile())) {
    places[f] = readFileSync(f, 'latin1');
  }
  assert.ok(Object.keys(places).length > 8, 'places to look at');
  for (const [place, text] of Object.entries(places)) {
    assert.ok(!text.includes(code) && !text.includes(token), place);
  }
});

// ---- the machine itself

test('the method hardware gives what passmesh hardware --json prints, in codes', async () => {
  const { result } = await d.local('hardware', {});
  const it = run(d.home, ['hardware', '--json']);
  assert.equal(await it.ended, 0, it.err);
  const printed = JSON.parse(it.out);
  assert.ok(Math.abs(result.disk_free_kib - printed.disk_free_kib) < 1e6, 'about the same disk');
  assert.deepEqual({ ...result, disk_free_kib: 0 }, { ...printed, disk_free_kib: 0 });
  assert.ok(result.memory_kib > 0 && result.cores > 0 && result.technologies.length === 11 && result.services.length === 3, it.out);
  result.technologies.forEach((x) => assert.match(x.reason, /^[a-z0-9_]+$/));
});

test('passmesh hardware --report writes a file without names, once', async () => {
  const file = join(d.home, 'report.json');
  const it = run(d.home, ['hardware', '--report', file]);
  assert.equal(await it.ended, 0, it.err);
  const text = readFileSync(file, 'utf8');
  const report = JSON.parse(text);
  assert.deepEqual(Object.keys(report), ['report', 'version', 'system', 'kernel', 'machine', 'processor', 'enclave_memory_kib', 'hyperv_isolation', 'collectors', 'hardware']);
  assert.match(report.kernel, /^\d+[\d.]*$/);
  assert.match(report.processor, /^[0-9a-f]{8}$/);
  assert.deepEqual(report.collectors.filter((x) => x.note === 'never run on hardware').map((x) => x.name), ['configfs-tsm', 'sev-guest', 'nsm', 'gramine', 'azure-vtpm']);
  const names = [hostname(), userInfo().username, d.home].filter((name) => name.length > 3);
  names.forEach((name) => assert.ok(!text.includes(name), `it holds ${name}`));
  const again = run(d.home, ['hardware', '--report', file]);
  assert.equal(await again.ended, 1, 'a file that is there stays');
  assert.equal(readFileSync(file, 'utf8'), text);
  unlinkSync(file);
  assert.equal(await run(d.home, ['hardware', 'x']).ended, 2);
});

test('passmesh open hands the code on in a private file that is gone afterwards', async () => {
  const bin = join(d.home, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'xdg-open'), `#!/bin/sh\n{ echo "args: $*"; env; } > ${d.home}/seen; cat "$1" > ${d.home}/content; stat -c %a "$1" > ${d.home}/mode; cat /proc/$PPID/cmdline > ${d.home}/parent\n`, { mode: 0o755 });
  const it = run(d.home, ['open'], { DISPLAY: ':99', PATH: `${bin}:${process.env.PATH}` });
  assert.equal(await it.ended, 0, it.err);
  const content = readFileSync(join(d.home, 'content'), 'utf8');
  const [, code] = /#c=([\w-]{43})/.exec(content);
  assert.equal(readFileSync(join(d.home, 'mode'), 'utf8').trim(), '600');
  assert.ok(!readFileSync(join(d.home, 'seen'), 'utf8').includes(code), 'arguments and environment of the browser');
  assert.ok(!readFileSync(join(d.home, 'parent'), 'latin1').includes(code), 'arguments of passmesh open');
  assert.ok(!it.out.includes(code) && !it.err.includes(code), 'what it prints');
  assert.match(content, /no-referrer/);
  assert.ok(!existsSync(join(d.home, 'run', 'open.html')));
  assert.equal((await d.post('/session', JSON.stringify({ code }))).status, 200, 'and the code is good');
  ['content', 'seen', 'mode', 'parent'].forEach((f) => unlinkSync(join(d.home, f)));
});

test('after a restart an old token and an old code are refused, and start_id is another', async () => {
  const token = await d.session();
  const code = await d.code();
  const before = JSON.parse((await d.rpc(token, 'status')).body).result.start_id;
  assert.equal(await d.down(), 0);
  await d.up();
  const old = await d.rpc(token, 'status');
  assert.equal(old.status, 401);
  assert.equal(JSON.parse(old.body).error.data.code, 'session_missing');
  assert.equal((await d.post('/session', JSON.stringify({ code }))).status, 401);
  const now = JSON.parse((await d.rpc(await d.session(), 'status')).body).result.start_id;
  assert.notEqual(now, before);
});

// ---- the sandbox

const inProc = (pid, field) => new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1];
const oldKernel = process.env.PASSMESH_OLD_KERNEL;

test('the daemon is in its sandbox, and says so in status and log', async () => {
  const { result } = await d.local('status');
  assert.equal(result.sandbox.level, 'full');
  assert.deepEqual(result.sandbox.missing, []);
  assert.ok(result.sandbox.landlock_abi >= 1);
  assert.match(d.process.err, new RegExp(`sandbox: full: no new privileges, limits, seccomp, Landlock ABI ${result.sandbox.landlock_abi}`));
  assert.deepEqual([inProc(d.pid, 'NoNewPrivs'), inProc(d.pid, 'Seccomp')], ['1', '2']);
  assert.match(readFileSync(`/proc/${d.pid}/limits`, 'utf8'), /^Max core file size +0 +0 /m);
  const status = run(d.home, ['status']);
  assert.equal(await status.ended, 0);
  assert.match(status.out, /^Sandbox +full$/m);
});

test('what a daemon inherits besides its three streams is closed', async () => {
  const home = makeHome(await freePort());
  const secret = join(home, 'secret.txt');
  const fd = openSync(secret, 'r');
  const it = run(home, ['daemon'], {}, { stdio: ['ignore', 'pipe', 'pipe', fd, fd] });
  await until('the daemon', () => it.err.includes('ready at'));
  const open = readdirSync(`/proc/${it.child.pid}/fd`).map((number) => readlinkSync(`/proc/${it.child.pid}/fd/${number}`));
  it.child.kill('SIGTERM');
  assert.equal(await it.ended, 0);
  assert.ok(!open.includes(secret), open.join());
  closeSync(fd);
  rmSync(home, { recursive: true, force: true });
});

test('an orderly end leaves no socket, and a log of the database that is empty', async () => {
  const other = await Daemon.start();
  await other.local('settings_set', { key: 's'.repeat(22), changes: { theme: 'dark' } });
  assert.equal(await other.down(), 0);
  assert.equal(existsSync(other.socket), false);
  const log = join(other.home, 'data', 'wallet.db-wal');
  assert.ok(!existsSync(log) || statSync(log).size === 0);
  await other.up();
  assert.equal((await other.local('settings_get')).result.theme, 'dark');
  await other.end();
});

for (const [lacks, missing] of [['landlock', ['landlock']], ['landlock,seccomp', ['seccomp', 'landlock']]]) {
  test(`a kernel without ${lacks}: refused with the reason, unless the person takes it as it is`, async () => {
    const home = makeHome(await freePort());
    const start = (words) => run(home, words, {}, { under: [oldKernel, lacks] });
    const refused = start(['daemon']);
    assert.equal(await refused.ended, 1, refused.err);
    assert.match(refused.err, /does not give the whole sandbox .*LANDLOCK MISSING.*--sandbox-optional/);
    const check = async (it) => {
      await until('the daemon', () => it.err.includes('ready at') || it.code !== undefined);
      const { result } = await localCall(join(home, 'run', 'passmesh.sock'), JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'status', params: {} }));
      assert.deepEqual(result.sandbox, { level: missing.length === 1 ? 'partial' : 'none', landlock_abi: 0, missing });
      it.child.kill('SIGTERM');
      assert.equal(await it.ended, 0);
    };
    await check(start(['daemon', '--sandbox-optional']));
    appendFileSync(join(home, 'config', 'passmesh.ini'), '[process]\nsandbox = optional\n');
    await check(start(['daemon']));
    rmSync(home, { recursive: true, force: true });
  });
}
