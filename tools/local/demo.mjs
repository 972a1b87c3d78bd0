// usage: tools/local/start.sh demo.mjs [--out DIR] [--tap]      (make demo)
// What a person does with the wallet, with no person there: a headless Chromium with a virtual authenticator goes through it
// with the mouse and then once more by keyboard alone. After each step viem asks the chain whether it is so. Screenshots go to
// build/demo/. Exit status 0 only if all of it held.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatEther, parseEther } from 'viem';
import { findChromium } from '../../ui/test/browser.mjs';
import { buildAll, buildDir } from './lib/build.mjs';
import { keyboard, mouse } from './lib/hands.mjs';
import { startNetwork } from './lib/network.mjs';
import { PageWalk } from './lib/page_walk.mjs';
import { Fault, say as print, sentence } from './lib/say.mjs';
import { freePort } from './lib/port.mjs';
import { newAddress, shownEther } from './lib/walk.mjs';

const { values: args } = parseArgs({ options: { out: { type: 'string', default: join(buildDir, 'demo') }, tap: { type: 'boolean', default: false } } });
const ETHER_SENT = '1.5';
const TOKENS_SENT = '25';

/* With --tap all but the checks are comments. */
const say = (text) => print(args.tap ? text.trim().split('\n').map((line) => `# ${line}`).join('\n') : text);
let checked = 0;

function tell(holds, what) {
  checked += 1;
  print(args.tap ? `${holds ? 'ok' : 'not ok'} ${checked} - ${what}` : `    ${holds ? 'ok' : 'NOT'}  ${what}`);
}

/** One walk through the wallet. */
class DemoWalk extends PageWalk {
  async privateKey() {
    const { credentials } = await this.cdp.send('WebAuthn.getCredentials', { authenticatorId: this.authenticatorId });
    this.equal('passkeys in the authenticator', credentials.length, 1);
    return credentials[0].privateKey;
  }

  async createWallet() {
    say('  Create a wallet with a passkey');
    await this.open(this.page);
    await this.one('[data-test=make]').waitFor();
    await this.shot('welcome');
    this.equal('the code is gone from the address line', await this.page.evaluate(() => location.hash), '#/start');
    await this.press('[data-test=make]');
    await this.hand.type(this.page, '[data-test=account-name]', 'Main');
    await this.shot('passkey');
    await this.press('[data-test=make-passkey]');
    await this.one('[data-test=to-home]').waitFor();
    await this.shot('ready');
    await this.checkAddress(await this.privateKey(), await this.addresses());
    await this.press('[data-test=to-home]');
    await this.one('[data-test=balance]').waitFor();
  }

  async receive() {
    say('  See the address and its QR code');
    await this.press('[data-test=go-receive]');
    const label = await this.one('svg.qr').getAttribute('aria-label');
    await this.shot('receive');
    this.check('the QR code is of that address', label.includes(this.address), label);
    await this.press('.actions a[href="#/home"]');
    await this.one('[data-test=balance]').waitFor();
  }

  async faucet() {
    say('  Get test money from the local faucet');
    await this.press('[data-test=faucet]');
    await this.one('[data-test=balance]', { hasText: /^10\u00a0ETH/ }).waitFor();
    await this.one('.asset', { hasText: '1,000\u00a0PTT' }).waitFor();
    await this.shot('money');
    await this.checkMoney(parseEther('10'), parseEther('1000'));
  }

  /** Up to the screen that shows what will be signed; nothing is signed yet. */
  async review({ to, amount, asset, name }) {
    const before = await this.chain.nonce(this.address);
    await this.press('[data-test=go-send]');
    await this.hand.type(this.page, '[data-test=to]', to);
    await this.page.getByText('The address is well formed').waitFor();
    if (asset) {
      await this.hand.choose(this.page, '[data-test=asset]', asset);
    }
    await this.hand.type(this.page, '[data-test=amount]', amount);
    await this.shot(`${name}-form`);
    await this.press('[data-test=review]');
    await this.one('[data-test=approve-screen]').waitFor();
    await this.one('[data-test=approve-screen] h1', { hasText: `${amount}\u00a0${asset ?? 'ETH'}` }).waitFor();
    await this.shot(`${name}-review`);
    this.check(`the whole address of the receiver stands there before anything is signed: ${to}`, (await this.addresses()).includes(to));
    this.userOpHash = await this.page.evaluate(() => /0x[0-9a-f]{64}/.exec(document.querySelector('details.exact')?.textContent ?? '')?.[0]);
    this.check(`the hash to be signed stands there: ${this.userOpHash}`, Boolean(this.userOpHash));
    this.equal('nonce on the chain: nothing was sent', await this.chain.nonce(this.address), before);
  }

  /** Waits for the page to say so and asks the chain. */
  async included({ name, nonce }) {
    await this.one('.chip-state.ok', { hasText: 'Included' }).or(this.one('.chip-state.ok', { hasText: 'Final' })).first().waitFor();
    const event = await this.checkOperation(nonce);
    await this.one('.chip-state.ok', { hasText: 'Final' }).waitFor();
    await this.shot(`${name}-final`);
    const text = await this.page.locator('main').innerText();
    this.check('the page names the transaction of that event', text.includes(event.transactionHash), event.transactionHash);
    return event;
  }

  /** The balance that the page shows is what the chain says. */
  async balances() {
    const wei = await this.chain.ether(this.address);
    const shown = shownEther(wei);
    await this.one('[data-test=balance]', { hasText: shown }).waitFor().catch(() => {});
    const text = await this.one('[data-test=balance]').innerText();
    this.check(`the page shows the balance on the chain, ${formatEther(wei)} ETH`, text.includes(shown), text);
  }

  async sendEther() {
    say('  Send ether');
    const to = newAddress();
    await this.review({ to, amount: ETHER_SENT, name: 'ether' });
    await this.approve();
    const event = await this.included({ name: 'ether', nonce: 0n });
    await this.checkSent({ to, sent: parseEther(ETHER_SENT), had: parseEther('10'), event });
    await this.toHome();
    await this.balances();
    await this.one('[data-test=activity-row]', { hasText: `−${ETHER_SENT}\u00a0ETH` }).waitFor();
    this.check('the history shows it', true);
    await this.shot('home-after-ether');
  }

  async reload() {
    say('  Reload the page');
    await this.page.reload();
    await this.one('[data-test=balance]').waitFor();
    await this.balances();
    this.equal('rows of the history that were sent', await this.page.locator('[data-test=activity-row]', { hasText: `−${ETHER_SENT}` }).count(), 1);
  }

  async sendTokenAcrossRestart() {
    say('  Send an ERC-20 token, with the daemon restarted before it is approved');
    const to = newAddress();
    await this.review({ to, amount: TOKENS_SENT, asset: 'PTT', name: 'token' });
    await this.seen.take();
    await this.daemon.stop();
    await this.startDaemon();
    await this.page.getByText('this page has lost its access').waitFor();
    await this.shot('lost-access');
    this.check('the page says that it has lost its access', true);
    await this.open(this.page);
    await this.one('[data-test=balance]').waitFor();
    await this.seen.take(); /* a page without its program logs refused connections */
    await this.press('.waiting a');
    await this.one('[data-test=approve-screen]').waitFor();
    const hash = await this.page.evaluate(() => /0x[0-9a-f]{64}/.exec(document.querySelector('details.exact')?.textContent ?? '')?.[0]);
    this.equal('the same operation waits after the restart', hash, this.userOpHash);
    await this.approve();
    await this.included({ name: 'token', nonce: 1n });
    this.equal('tokens of the receiver', await this.chain.tokens(to), parseEther(TOKENS_SENT));
    this.equal('tokens left', await this.chain.tokens(this.address), parseEther('1000') - parseEther(TOKENS_SENT));
    await this.toHome();
    await this.balances();
    await this.one('.asset', { hasText: '975\u00a0PTT' }).waitFor();
    this.check('the page shows 975 PTT', true);
    await this.shot('home-after-token');
    await this.press('.menu a[href="#/activity"]');
    await this.one('[data-test=activity-row]', { hasText: `−${TOKENS_SENT}\u00a0PTT` }).waitFor();
    await this.shot('history');
    this.check('the history has both', (await this.page.locator('[data-test=activity-row]', { hasText: '−' }).count()) === 2);
  }

  async secondSession() {
    say('  A second session of the same wallet');
    const first = this.page;
    this.page = await this.newPage();
    const link = await this.link();
    await this.page.goto(link);
    await this.one('[data-test=balance]').waitFor();
    await this.balances();
    await this.shot('second-session');
    const third = await this.newPage();
    await third.goto(link);
    await third.getByText('has been used already').waitFor();
    this.check('the code of an address works once', true);
    await third.close();
    await this.page.close();
    this.page = first;
    await this.toHome();
    await this.balances();
    this.check('the first session goes on', true);
  }

  async faults() {
    const faults = await this.seen.take();
    this.check('no console error, no policy violation, no request beyond the page\'s own origin', faults.length === 0, faults.join('; '));
    const stored = await this.page.evaluate(() => JSON.stringify({ ...localStorage }) + document.cookie);
    const token = await this.page.evaluate(() => Object.values({ ...sessionStorage }).join(' '));
    this.check('no cookie, and the session is in no lasting store', stored.replace(/[{}]/g, '') === '' || !token.split(/[^\w-]+/).some((part) => part.length > 30 && stored.includes(part)));
  }

  async go() {
    say(`\nWith the ${this.hand.name}${this.hand === keyboard ? ' alone' : ''}`);
    await this.begin();
    for (const part of ['createWallet', 'receive', 'faucet', 'sendEther', 'reload', 'sendTokenAcrossRestart', 'secondSession', 'faults']) {
      await this[part]();
      if (this.died) {
        throw this.died;
      }
    }
  }
}

async function walk(hand, network, dir) {
  const it = new DemoWalk({ hand, out: args.out, network, dir, port: await freePort(), tell });
  try {
    await it.go();
    return it.held;
  } catch (e) {
    await it.shot('failed').catch(() => {});
    throw e;
  } finally {
    await it.end();
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
  const dir = mkdtempSync(join(tmpdir(), 'passmesh-demo-'));
  let network;
  const cleanUp = async () => {
    await network?.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  let fault;
  const onEnd = (child) => { fault ??= child.fault(); };
  process.on('SIGINT', () => void cleanUp().then(() => process.exit(130)));
  try {
    network = await startNetwork({ dir, onEnd, quiet: args.tap });
    let held = 0;
    for (const hand of [mouse, keyboard]) {
      held += await walk(hand, network, dir);
    }
    if (fault) {
      throw fault;
    }
    say(`\nAll of it held: ${held} checks. Screenshots: ${args.out}`);
  } catch (e) {
    if (process.env.PASSMESH_DEMO_KEEP) {
      say(`Logs are kept in ${dir}`);
      await network?.stop();
      throw e;
    }
    throw e;
  } finally {
    if (!process.env.PASSMESH_DEMO_KEEP) {
      await cleanUp();
    }
  }
}

try {
  await main();
} catch (e) {
  if (args.tap) {
    tell(false, 'the demo goes through');
  }
  console.error(`\n${sentence(e)}`);
  process.exitCode = 1;
}
if (args.tap) {
  print(`1..${checked}`);
}
process.exit();
