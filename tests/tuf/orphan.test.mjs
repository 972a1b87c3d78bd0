// Whoever is killed, at whatever moment: after two seconds nothing of the plugin is left, and never do two servers write to one folder. KILLS times.
import test from 'node:test';
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { keepers, real, running, servers, startKeeper } from './keeper_rig.mjs';

const KILLS = Number(process.env.KILLS ?? 10);
const GONE_MS = 2000;
const SPAN_MS = 1200; /* a start takes a part of this: kills fall before, within and after it */
let seed = Number(process.env.SEED ?? 1);
const random = () => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed / 2147483648; };

test(`${KILLS} kills`, async (t) => {
  const s = await startKeeper(t);
  await s.release('1.0.0', real());
  await s.add();
  await s.set();
  await s.installed('1.0.0');
  await s.down();
  let caught = 0;
  for (let n = 0; n < KILLS; n++) {
    await s.up({ waits: false });
    const until = Date.now() + random() * SPAN_MS;
    let most = 0;
    while (Date.now() < until) {
      most = Math.max(most, servers(s.home).length);
      await sleep(5);
    }
    assert.ok(most <= 1, `${most} servers at once`);
    const daemon = s.daemon.child.pid;
    const victims = [daemon, ...keepers(daemon), ...servers(s.home)];
    const victim = victims[Math.floor(random() * victims.length)];
    caught += servers(s.home).length;
    process.kill(victim, 'SIGKILL');
    if (victim !== daemon) {
      await sleep(random() * 50);
      process.kill(daemon, 'SIGKILL');
    }
    const killed = Date.now();
    while (running(s.home).length > 0 || keepers(daemon).length > 0) {
      assert.ok(Date.now() - killed < GONE_MS, `kill ${n} of ${victim}: ${running(s.home)} are left`);
      await sleep(5);
    }
    await s.daemon.ended;
  }
  t.diagnostic(`${KILLS} kills, ${caught} of them while a server ran`);
});
