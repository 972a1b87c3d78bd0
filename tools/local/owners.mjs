// usage: tools/local/start.sh owners.mjs [--out DIR] [--tap]
// Two passkeys as owners of one account, with no person there: a headless Chromium with two virtual authenticators makes an
// account with the first, adds the second, signs with the second, begins to remove it, stops that with the second, removes it
// for good two days later, and finds that it signs no more; then the account moves to version 2 of its contract, both passkeys must
// sign, and at last one suffices again within a limit. After each step viem asks the account on the chain whether it is so.
// Screenshots go to build/owners/. Exit status 0 only if all of it held.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { getAddress, parseEther, zeroAddress } from 'viem';
import { passkeyOwner } from '../../contracts/lib/account.mjs';
import { accountAbi2 } from '../../contracts/lib/account2.mjs';
import { findChromium } from '../../ui/test/browser.mjs';
import { buildAll, buildDir } from './lib/build.mjs';
import { mouse } from './lib/hands.mjs';
import { deployments, startNetwork } from './lib/network.mjs';
import { PageWalk } from './lib/page_walk.mjs';
import { Fault, say as print, sentence } from './lib/say.mjs';
import { freePort } from './lib/port.mjs';
import { newAddress, publicKeyOf } from './lib/walk.mjs';

const { values: args } = parseArgs({ options: { out: { type: 'string', default: join(buildDir, 'owners') }, tap: { type: 'boolean', default: false } } });
const DELAY_S = 2 * 86_400;
const IMPLEMENTATION_SLOT = '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc';

const say = (text) => print(args.tap ? text.trim().split('\n').map((line) => `# ${line}`).join('\n') : text);
let checked = 0;

function tell(holds, what) {
  checked += 1;
  print(args.tap ? `${holds ? 'ok' : 'not ok'} ${checked} - ${what}` : `    ${holds ? 'ok' : 'NOT'}  ${what}`);
}

class OwnersWalk extends PageWalk {
  /** From now on only this authenticator is touched. */
  async hold(id) {
    for (const one of [this.first, this.second].filter(Boolean)) {
      await this.cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: one, enabled: one === id });
    }
  }

  async ownerOf(id) {
    const { credentials } = await this.cdp.send('WebAuthn.getCredentials', { authenticatorId: id });
    this.equal('passkeys in the authenticator', credentials.length, 1);
    const { qx, qy } = publicKeyOf(credentials[0].privateKey);
    return passkeyOwner(deployments.webauthn_verifier.address, qx, qy, this.daemon.origin);
  }

  read(functionName, callArgs = []) {
    return this.chain.client.readContract({ address: this.address, abi: accountAbi2, functionName, args: callArgs });
  }

  async owners() {
    return (await this.read('getSigners', [0n, 32n])).map((o) => o.toLowerCase()).sort().join(' ');
  }

  async both(name) {
    for (const [theme, width] of [['light', 1280], ['dark', 360]]) {
      await this.page.emulateMedia({ colorScheme: theme });
      await this.page.setViewportSize({ width, height: 900 });
      await this.shot(`${name}-${theme}-${width}`, { fullPage: true });
    }
    await this.page.emulateMedia({ colorScheme: 'light' });
    await this.page.setViewportSize({ width: 1280, height: 900 });
  }

  async toAccount() {
    await this.page.evaluate(() => { location.hash = '#/accounts'; });
    await this.one('.account-head h2 a').click();
    await this.one('[data-test=owners]').waitFor();
  }

  row(i, state) {
    return this.page.locator(`[data-test=owner]:nth-child(${i})[data-state=${state}]`).waitFor();
  }

  /** Presses a button of the second owner, ticks what is to be ticked, approves with an authenticator, and waits for the end. */
  async change(what, by, name) {
    await this.press(`[data-test=owner]:nth-child(2) [data-test=owner-${what}]`);
    await this.one('[data-test=approve-screen]').waitFor();
    await this.review(by, name);
  }

  async review(by, name) {
    await this.one('[data-test=approve-screen]').waitFor();
    await this.tick();
    await this.both(name);
    await this.hold(by);
    await this.approve();
    await this.one('.chip-state.ok', { hasText: 'Final' }).waitFor();
  }

  /** The delay passes on the chain. */
  async later() {
    await this.network.request({ method: 'evm_increaseTime', params: [DELAY_S + 60] });
    await this.network.request({ method: 'evm_mine', params: [] });
  }

  async lastReceipt() {
    const hash = (await this.page.locator('main').innerText()).match(/0x[0-9a-f]{64}/)[0];
    return this.chain.client.getTransactionReceipt({ hash });
  }

  async createAccount() {
    say('  An account with one passkey');
    await this.open(this.page);
    this.first = this.authenticatorId;
    await this.press('[data-test=make]');
    await this.hand.type(this.page, '[data-test=account-name]', 'Main');
    await this.press('[data-test=make-passkey]');
    await this.one('[data-test=to-home]').waitFor();
    this.a = await this.ownerOf(this.first);
    this.address = (await this.addresses())[0];
    await this.press('[data-test=to-home]');
    await this.press('[data-test=faucet]');
    await this.one('[data-test=balance]', { hasText: /^10\u00a0ETH/ }).waitFor();
    await this.toAccount();
    await this.page.getByText('Only one way in: if this key is lost').waitFor();
    this.check('the page says that one way in is not safe for money', await this.page.getByText('Not yet safe for money').count() > 0);
    await this.both('one-way-in');
  }

  async addSecond() {
    say('  One more passkey, in another authenticator');
    this.second = await this.addAuthenticator('usb');
    await this.hold(this.second);
    await this.press('[data-test=add-owner]');
    await this.hand.type(this.page, '[data-test=owner-name]', 'Key on the ring');
    await this.both('add');
    await this.press('[data-test=make-owner]');
    await this.row(2, 'waiting');
    this.b = await this.ownerOf(this.second);
    this.check('the account is not on the chain yet', !(await this.chain.hasCode(this.address)));
    await this.both('made');
    await this.change('add', this.first, 'add-review');
    this.equal('owners on the chain', await this.owners(), [this.a, this.b].sort().join(' '));
    this.equal('owner changes on the chain', await this.read('ownersSequence'), 1n);
    await this.toAccount();
    await this.row(2, 'active');
    await this.page.getByText('Safe for money', { exact: true }).first().waitFor();
    this.check('the page says that two ways in are safe for money', true);
    await this.both('two-ways-in');
  }

  async send(by, { to }) {
    await this.toHome();
    await this.press('[data-test=go-send]');
    await this.hand.type(this.page, '[data-test=to]', to);
    await this.page.getByText('The address is well formed').waitFor();
    await this.hand.type(this.page, '[data-test=amount]', '0.5');
    await this.press('[data-test=review]');
    await this.one('[data-test=approve-screen] h1', { hasText: '0.5\u00a0ETH' }).waitFor();
    await this.hold(by);
    await this.approve();
  }

  async sendWithSecond() {
    say('  The second passkey signs alone');
    const to = newAddress();
    await this.send(this.second, { to });
    await this.one('.chip-state.ok', { hasText: 'Final' }).waitFor();
    this.equal('wei of the receiver', await this.chain.ether(to), parseEther('0.5'));
    this.check('the page says who signed', (await this.page.locator('main').innerText()).includes('Key on the ring'));
  }

  async removeAndStop() {
    say('  A removal is begun with the first, and stopped with the second');
    await this.toAccount();
    await this.change('remove', this.first, 'remove-review');
    this.equal('owners on the chain: nobody is gone', await this.owners(), [this.a, this.b].sort().join(' '));
    await this.toAccount();
    await this.row(2, 'leaving');
    await this.page.getByText('If you did not ask for this, stop it now.').waitFor();
    await this.both('leaving');
    await this.change('veto', this.second, 'veto-review');
    await this.toAccount();
    await this.row(2, 'active');
    this.check('the removal is stopped', true);
    this.equal('owner changes on the chain: none more', await this.read('ownersSequence'), 1n);
  }

  async removeForGood() {
    say('  Removed, two days later');
    await this.change('remove', this.first, 'remove-again');
    await this.later();
    await this.toAccount();
    await this.one('[data-test=owner-apply]').waitFor();
    await this.both('ready');
    await this.change('apply', this.first, 'apply-review');
    this.equal('owners on the chain', await this.owners(), this.a);
    await this.toAccount();
    await this.row(2, 'gone');
    await this.both('gone');
    await this.press('[data-test=owner-forget]');
    await this.page.locator('[data-test=owner]:nth-child(2)').waitFor({ state: 'detached' });
    this.check('and it is forgotten', true);
  }

  /** Presses a button of the account's version, ticks, approves with the first passkey, and waits for the end. Gives the gas. */
  async move(what, name) {
    await this.press(`[data-test=upgrade-${what}]`);
    await this.one('[data-test=approve-screen]').waitFor();
    await this.review(this.first, name);
    return (await this.lastReceipt()).gasUsed;
  }

  async upgrade() {
    say('  The account moves to version 2');
    const implementation = async () => getAddress(`0x${(await this.chain.client.getStorageAt({ address: this.address, slot: IMPLEMENTATION_SLOT })).slice(26)}`);
    await this.one('[data-test=upgrade-begin]').waitFor();
    await this.both('version-1');
    const began = await this.move('begin', 'upgrade-review');
    this.equal('the implementation is still the first', await implementation(), deployments.account_implementation.address);
    await this.toAccount();
    await this.one('[data-test=upgrade-waits]').waitFor();
    this.equal('buttons that carry it out before the delay is over', await this.page.locator('[data-test=upgrade-apply]').count(), 0);
    await this.later();
    await this.one('[data-test=upgrade-apply]').waitFor();
    await this.both('version-ready');
    const applied = await this.move('apply', 'upgrade-apply-review');
    this.equal('the implementation', await implementation(), deployments.account_implementation_2.address);
    this.equal('owners on the chain', await this.owners(), this.a);
    await this.toAccount();
    await this.one('[data-test=account-version][data-version="2"]').waitFor();
    await this.both('version-2');
    say(`  gas: scheduleUpgrade ${began}, applyUpgrade ${applied}`);
  }

  async twoSign() {
    say('  Both passkeys must sign');
    await this.cdp.send('WebAuthn.clearCredentials', { authenticatorId: this.second });
    await this.hold(this.second);
    await this.press('[data-test=add-owner]');
    await this.press('[data-test=make-owner]');
    await this.row(2, 'waiting');
    await this.change('add', this.first, 'add-again');
    await this.toAccount();
    await this.press('[data-test=threshold-2]');
    await this.review(this.first, 'threshold-review');
    await this.toAccount();
    await this.one('[data-test=threshold-waits]').waitFor();
    this.equal('owners that must sign: still', await this.read('threshold'), 1n);
    await this.later();
    await this.one('[data-test=threshold-apply]').waitFor();
    await this.both('threshold-ready');
    await this.press('[data-test=threshold-apply]');
    await this.review(this.first, 'threshold-apply-review');
    this.equal('owners that must sign', await this.read('threshold'), 2n);
    await this.toAccount();
    await this.one('[data-test=threshold][data-threshold="2"]').waitFor();
    const to = newAddress();
    await this.send(this.first, { to });
    await this.one('[data-test=signers]', { hasText: '1 of 2' }).waitFor();
    await this.both('half-signed');
    this.equal('wei of the receiver, with one signature', await this.chain.ether(to), 0n);
    await this.hold(this.second);
    await this.approve();
    await this.one('.chip-state.ok', { hasText: 'Final' }).waitFor();
    this.equal('wei of the receiver, with both', await this.chain.ether(to), parseEther('0.5'));
    say(`  gas: a payment of version 2 that two passkeys sign ${(await this.lastReceipt()).gasUsed}`);
  }

  /** Both passkeys sign what is shown, one after the other. */
  async signBoth(name) {
    await this.one('[data-test=approve-screen]').waitFor();
    for (const by of [this.first, this.second]) {
      await this.tick();
      if (by === this.first) {
        await this.both(name);
      } else {
        await this.one('[data-test=signers]', { hasText: '1 of 2' }).waitFor();
        this.equal('words that the request has changed, after a signature of its own', await this.page.locator('.approve > [role=status]').count(), 0);
      }
      await this.hold(by);
      await this.approve();
    }
    await this.one('.chip-state.ok', { hasText: 'Final' }).waitFor();
  }

  async limits() {
    say('  Within a limit one passkey suffices again');
    await this.toAccount();
    await this.press('[data-test=limit-set]');
    await this.hand.type(this.page, '[data-test=limit-amount]', '0.8');
    await this.press('[data-test=limit-ask]');
    await this.signBoth('limit-review');
    this.equal('the limit on the chain: none yet', (await this.read('limitOf', [zeroAddress]))[0], 0n);
    await this.toAccount();
    await this.one('[data-test=setting]').waitFor();
    await this.later();
    await this.one('[data-test=setting-apply]').waitFor();
    await this.press('[data-test=setting-apply]');
    await this.signBoth('limit-apply-review');
    this.equal('the limit on the chain', (await this.read('limitOf', [zeroAddress])).slice(0, 2).join(' in '), `${parseEther('0.8')} in 86400`);
    await this.toAccount();
    await this.one('[data-test=limit]').waitFor();
    await this.both('limits');
    const to = newAddress();
    await this.send(this.first, { to });
    await this.one('.chip-state.ok', { hasText: 'Final' }).waitFor();
    this.equal('wei of the receiver, with one signature', await this.chain.ether(to), parseEther('0.5'));
    this.equal('what the contract has counted', (await this.read('limitOf', [zeroAddress]))[2], parseEther('0.5'));
    await this.send(this.first, { to });
    await this.one('[data-test=signers]', { hasText: '1 of 2' }).waitFor();
    this.equal('wei of the receiver: above the limit one signature is not enough', await this.chain.ether(to), parseEther('0.5'));
    await this.both('above-limit');
  }

  async faults() {
    const faults = await this.seen.take();
    this.check('no console error, no policy violation, no request beyond the page\'s own origin', faults.length === 0, faults.join('; '));
  }

  async go() {
    await this.begin();
    for (const part of ['createAccount', 'addSecond', 'sendWithSecond', 'removeAndStop', 'removeForGood', 'upgrade', 'twoSign', 'limits', 'faults']) {
      await this[part]();
      if (this.died) {
        throw this.died;
      }
    }
  }
}

async function main() {
  if (!findChromium()) {
    throw new Fault('Chromium is missing: run tools/deps.sh test (or apt-get install chromium), then start again.');
  }
  await buildAll();
  if (args.tap) {
    print('TAP version 13');
  }
  rmSync(args.out, { recursive: true, force: true });
  mkdirSync(args.out, { recursive: true });
  const dir = mkdtempSync(join(tmpdir(), 'passmesh-owners-'));
  let network;
  let walk;
  try {
    network = await startNetwork({ dir, quiet: args.tap });
    walk = new OwnersWalk({ hand: mouse, out: args.out, network, dir, port: await freePort(), tell });
    await walk.go();
    say(`\nAll of it held: ${walk.held} checks. Screenshots: ${args.out}`);
  } catch (e) {
    await walk?.shot('failed').catch(() => {});
    throw e;
  } finally {
    await walk?.end();
    await network?.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (e) {
  if (args.tap) {
    tell(false, 'the walk goes through');
  }
  console.error(`\n${sentence(e)}`);
  process.exitCode = 1;
}
if (args.tap) {
  print(`1..${checked}`);
}
process.exit();
