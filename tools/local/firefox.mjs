// usage: tools/local/start.sh firefox.mjs [--out DIR]      (part of make interop)
// The demo's journey, shorter, in Firefox ESR with its own virtual authenticator: a wallet, test money, ether sent. Viem asks the
// chain whether it is so. Prints TAP; screenshots go to build/demo-firefox/. PASSMESH_DEMO_KEEP keeps the logs.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatEther, parseEther } from 'viem';
import { buildAll, buildDir } from './lib/build.mjs';
import { Firefox, MarionetteError, findFirefox } from './lib/firefox.mjs';
import { startDaemon, startNetwork } from './lib/network.mjs';
import { say, sentence } from './lib/say.mjs';
import { freePort } from './lib/port.mjs';
import { Walk, newAddress, shownEther } from './lib/walk.mjs';

const { values: args } = parseArgs({ options: { out: { type: 'string', default: join(buildDir, 'demo-firefox') } } });
const ETHER_SENT = '1.5';
const RP_ID = 'passmesh.localhost';

let checked = 0;

function tell(holds, what) {
  checked += 1;
  say(`${holds ? 'ok' : 'not ok'} ${checked} - ${what}`);
}

const note = (text) => say(text.split('\n').map((line) => `# ${line}`).join('\n'));

/** What cannot be shown in this Firefox, and why. */
class Skip extends Error {}

/* The page's exact answer to a passkey of our own making: 'made', or the DOMException. */
const TRY_PASSKEY = `return navigator.credentials.create({ publicKey: {
    rp: { id: arguments[0], name: 'try' }, user: { id: new Uint8Array(16), name: 'try', displayName: 'try' }, challenge: new Uint8Array(32),
    pubKeyCredParams: [{ type: 'public-key', alg: -7 }], timeout: 5000,
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' } } })
  .then(() => 'made', (e) => e.name + ': ' + e.message);`;

class FirefoxWalk extends Walk {
  constructor(where) {
    super({ name: 'firefox', tell, ...where });
  }

  async shot(name) {
    await this.page.shot(this.shotPath(args.out, name));
  }

  async begin(onEnd) {
    this.daemon = await startDaemon({ dir: this.dir, home: this.home, file: this.network.file, port: this.port, log: 'daemon-firefox.log', onEnd });
    this.page = await Firefox.open({ dir: this.dir, onEnd });
    note(`Firefox ${this.page.version}, headless, over Marionette`);
    try {
      this.authenticatorId = await this.page.addAuthenticator();
    } catch (e) {
      if (e instanceof MarionetteError && e.code === 'unknown command') {
        throw new Skip(`Firefox ${this.page.version} has no virtual authenticator (${e.message})`);
      }
      throw e;
    }
  }

  async end() {
    await this.page?.close();
    await this.daemon?.stop();
  }

  credentials() {
    return this.page.call('WebAuthn:GetCredentials', { authenticatorId: this.authenticatorId });
  }

  async privateKey() {
    const all = await this.credentials();
    this.equal('passkeys in the authenticator', all.length, 1);
    this.equal('the passkey is for', all[0].rpId, RP_ID);
    return all[0].privateKey;
  }

  addresses() {
    return this.page.run('return [...document.querySelectorAll(".address")].map((e) => e.textContent);');
  }

  async createWallet() {
    note('Create a wallet with a passkey');
    await this.page.goto(await this.link());
    await this.page.wait('[data-test=make]');
    this.equal('the code is gone from the address line', await this.page.run('return location.hash;'), '#/start');
    await this.shot('welcome');
    await this.page.press('[data-test=make]');
    await this.page.type('[data-test=account-name]', 'Main');
    await this.shot('passkey');
    await this.page.press('[data-test=make-passkey]');
    await this.page.wait('[data-test=to-home]').catch((e) => this.explain(e));
    await this.shot('ready');
    await this.checkAddress(await this.privateKey(), await this.addresses());
    await this.page.press('[data-test=to-home]');
    await this.page.wait('[data-test=balance]');
  }

  /* The page got no passkey. When no page at this address can have one here, it is Firefox; else it is us. */
  async explain(fault) {
    const answer = await this.page.run(TRY_PASSKEY, RP_ID);
    note(`navigator.credentials.create at ${this.daemon.origin}: ${answer}`);
    if (answer !== 'made') {
      throw new Skip(`Firefox ${this.page.version} makes no passkey at ${this.daemon.origin}: ${answer}`);
    }
    throw fault;
  }

  async faucet() {
    note('Get test money from the local faucet');
    await this.page.press('[data-test=faucet]');
    await this.page.wait('[data-test=balance]', '10\u00a0ETH');
    await this.page.wait('.asset', '1,000\u00a0PTT');
    await this.shot('money');
    await this.checkMoney(parseEther('10'), parseEther('1000'));
  }

  async review(to) {
    await this.page.press('[data-test=go-send]');
    await this.page.type('[data-test=to]', to);
    await this.page.wait('main', 'The address is well formed');
    await this.page.type('[data-test=amount]', ETHER_SENT);
    await this.shot('ether-form');
    await this.page.press('[data-test=review]');
    await this.page.wait('[data-test=approve-screen] h1', `${ETHER_SENT}\u00a0ETH`);
    await this.shot('ether-review');
    this.check(`the whole address of the receiver stands there before anything is signed: ${to}`, (await this.addresses()).includes(to));
    this.userOpHash = await this.page.run('return /0x[0-9a-f]{64}/.exec(document.querySelector("details.exact")?.textContent ?? "")?.[0] ?? null;');
    this.check(`the hash to be signed stands there: ${this.userOpHash}`, Boolean(this.userOpHash));
    this.equal('nonce on the chain: nothing was sent', await this.chain.nonce(this.address), 0n);
  }

  async approve() {
    const alive = '[data-test=approve]:not([aria-disabled])';
    await this.page.wait(`[data-test=rest], ${alive}`);
    if (await this.page.has('[data-test=rest]')) {
      await this.page.press('[data-test=rest]');
    }
    await this.page.wait(`${alive}, .chip-state`);
    await this.shot('ether-rest');
    if (await this.page.has(alive)) {
      await this.page.press(alive);
    }
  }

  async sendEther() {
    note('Send ether, approved with the passkey');
    const to = newAddress();
    await this.review(to);
    await this.approve();
    await this.page.wait('.chip-state.ok');
    const event = await this.checkOperation(0n);
    await this.page.wait('.chip-state.ok', 'Final');
    await this.shot('ether-final');
    const text = await this.page.text('main');
    this.check(`the page names the transaction of that event: ${event.transactionHash}`, text.includes(event.transactionHash));
    await this.checkSent({ to, sent: parseEther(ETHER_SENT), had: parseEther('10'), event });
  }

  async backHome() {
    note('Back home');
    await this.page.press('.menu a[href="#/home"]');
    const wei = await this.chain.ether(this.address);
    await this.page.wait('[data-test=balance]', shownEther(wei));
    this.check(`the page shows the balance on the chain, ${formatEther(wei)} ETH`, true);
    await this.page.wait('[data-test=activity-row]', `−${ETHER_SENT}\u00a0ETH`);
    this.check('the history shows it', true);
    await this.shot('home');
    const urls = await this.page.run('return performance.getEntriesByType("resource").map((e) => e.name);');
    const foreign = urls.filter((url) => !url.startsWith(`${this.daemon.origin}/`) && !url.startsWith('data:') && !url.startsWith('blob:'));
    this.check(`the page fetched from its own origin only (${urls.length} fetches)`, urls.length > 0 && foreign.length === 0, foreign.join(' '));
    this.equal('passkeys in the authenticator at the end', (await this.credentials()).length, 1);
    const { refused } = this.page.trap;
    note(`of Firefox itself, ${refused.length} requests wanted to leave the machine and were refused${refused.length ? `: ${[...new Set(refused)].join(' ')}` : ''}`);
  }
}

async function main() {
  say('TAP version 13');
  if (!findFirefox()) {
    throw new Skip('Firefox is missing: tools/deps.sh test (or apt-get install firefox-esr) brings it');
  }
  await buildAll();
  rmSync(args.out, { recursive: true, force: true });
  mkdirSync(args.out, { recursive: true });
  const dir = mkdtempSync(join(tmpdir(), 'passmesh-firefox-'));
  let network;
  let walk;
  let died;
  const cleanUp = async () => {
    await walk?.end();
    await network?.stop();
    if (process.env.PASSMESH_DEMO_KEEP) {
      note(`Logs are kept in ${dir}`);
    } else {
      rmSync(dir, { recursive: true, force: true });
    }
  };
  const onEnd = (child) => { died ??= child.fault(); };
  process.on('SIGINT', () => void cleanUp().then(() => process.exit(130)));
  try {
    network = await startNetwork({ dir, onEnd, quiet: true });
    walk = new FirefoxWalk({ network, dir, port: await freePort() });
    await walk.begin(onEnd);
    for (const part of ['createWallet', 'faucet', 'sendEther', 'backHome']) {
      await walk[part]();
      if (died) {
        throw died;
      }
    }
  } catch (e) {
    await walk?.shot('failed').catch(() => {});
    throw died ?? e;
  } finally {
    await cleanUp();
  }
}

try {
  await main();
} catch (e) {
  if (e instanceof Skip) {
    tell(true, `the journey in Firefox # SKIP ${e.message}`);
  } else {
    tell(false, 'the journey goes through');
    note(sentence(e));
    process.exitCode = 1;
  }
}
say(`1..${checked}`);
process.exit();
