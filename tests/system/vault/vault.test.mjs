// A person's way with the vault and ordinary accounts in a real Chromium with virtual authenticators that have PRF: the vault is made, a
// phrase drawn and shown, a key brought in, ether sent and checked by viem, messages signed and verified by viem, all of it out of reach
// of the wallet program, whose memory, log and files are searched for the secrets.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test as nodeTest } from 'node:test';
import { openBrowser, watch } from '../../../ui/test/browser.mjs';
import { programs } from '../../../tools/local/lib/build.mjs';
import { sendEther, startDaemon, startNetwork } from '../../../tools/local/lib/network.mjs';
import { freePort } from '../../../tools/local/lib/port.mjs';
import { Walk, newAddress } from '../../../tools/local/lib/walk.mjs';
import { generatePrivateKey, mnemonicToAccount, parseEther, privateKeyToAccount, verifyMessage, verifyTypedData } from '../../../tools/local/lib/viem.mjs';
import { childrenOf, formsOf, scanFiles, scanMemory } from './scan.mjs';

const WAIT_MS = 25_000;
const OUT = process.env.SHOTS;
const dir = mkdtempSync(join(tmpdir(), 'passmesh-vault-'));
const imported = generatePrivateKey();
let network;
let walk;
let daemon;
let browser;
let page;
let seen;
let cdp;
let phrase;
let recovery;
let laptop;

const one = (selector, options) => page.locator(selector, options).first();
const press = (selector) => one(selector).click();
const fill = (selector, text) => one(selector).fill(text);
const rpc = (method, ...params) => network.request({ method, params });

async function shot(name) {
  await page.waitForTimeout(200);
  await page.screenshot({ path: join(OUT, `${name}.png`), fullPage: true });
}

/* In both themes, and on a phone in Chinese. */
async function shots(name) {
  await shot(`${name}-light`);
  const size = page.viewportSize();
  await page.evaluate(() => { document.documentElement.dataset.theme = 'dark'; });
  await shot(`${name}-dark`);
  await page.setViewportSize({ width: 360, height: 740 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  await shot(`${name}-phone`);
  await page.evaluate(() => { document.documentElement.dataset.theme = 'light'; });
  await page.setViewportSize(size);
  assert.ok(wide <= 360, `${name}: scrolls sideways at 360 px (${wide})`);
}

async function start() {
  daemon = await startDaemon({ dir, home: walk.home, file: network.file, port: walk.port });
  walk.daemon = daemon;
}

async function authenticator(options) {
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true, ...options },
  });
  return authenticatorId;
}

/** The forms of everything that may be in the key process and nowhere else. */
function planted() {
  const words = phrase ? [Buffer.from(phrase), Buffer.from(phrase.split(' ').slice(0, 4).join(' '))] : [];
  return [...formsOf(Buffer.from(imported.slice(2), 'hex')), ...words];
}

function noSecretAbout(when) {
  const forms = planted();
  const memory = scanMemory(daemon.pid, forms);
  assert.ok(memory.bytes > 1 << 20, `${when}: the daemon's memory can be read (${memory.bytes})`);
  assert.equal(memory.isFound, false, `${when}: a secret is in the daemon's memory`);
  assert.deepEqual(scanFiles(dir, forms), [], `${when}: a secret is in a file`);
}

async function approve() {
  await one('[data-test=approve-screen]').waitFor();
  const alive = '[data-test=approve]:not([aria-disabled])';
  await one(`[data-test=rest], ${alive}`).waitFor();
  if (await page.locator('[data-test=rest]').count()) {
    await press('[data-test=rest]');
  }
  await press(alive);
}

/** What was on the screen when a step failed. */
const test = (name, work) => nodeTest(name, async () => {
  try {
    await work();
  } catch (e) {
    await page?.screenshot({ path: join(OUT, `failed-${name.slice(0, 24).replace(/\W+/g, '-')}.png`) }).catch(() => {});
    throw e;
  }
});

/** passmesh with a secret on descriptor 3. */
function cli(words, secret = '', home = walk.home) {
  return new Promise((done) => {
    const child = spawn(programs.passmesh, ['--home', home, ...words], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    const got = { out: '', err: '' };
    child.stdout.on('data', (d) => { got.out += d; });
    child.stderr.on('data', (d) => { got.err += d; });
    child.stdio[3].on('error', () => {}); /* who reads nothing may be gone */
    child.stdio[3].end(secret);
    child.on('close', (code) => done({ code, ...got }));
  });
}

before(async () => {
  mkdirSync(OUT, { recursive: true });
  network = await startNetwork({ dir, quiet: true });
  walk = new Walk({ name: 'vault', network, dir, port: await freePort(), tell: () => {} });
  await start();
  browser = await openBrowser();
  page = await browser.context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  seen = await watch(page, daemon.origin);
  cdp = await browser.context.newCDPSession(page);
  await cdp.send('WebAuthn.enable');
});

after(async () => {
  await browser?.close();
  await daemon?.stop();
  await network?.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe('vault', { concurrency: 1 }, () => {
  test('a passkey without PRF makes no vault, and the page says why', async () => {
    const plain = await authenticator({});
    await page.goto(await walk.link());
    await press('[data-test=other-ways]');
    await one('[data-test=to-vault]').waitFor();
    await shots('add-without-vault');
    await press('[data-test=to-vault]');
    await press('[data-test=vault-enrol]');
    await page.getByText('gives no secret that can open a vault').waitFor();
    await shot('vault-refused');
    assert.equal(await one('[data-test=vault]').getAttribute('data-state'), 'none');
    await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: plain });
  });

  test('a passkey with PRF makes the vault', async () => {
    laptop = await authenticator({ hasPrf: true });
    await press('[data-test=vault-enrol]');
    await one('[data-test=vault][data-state=open]').waitFor();
    await shots('vault-open');
  });

  test('a new phrase is an account that viem derives too, and the wallet program never sees it', async () => {
    await page.goto(`${daemon.origin}/#/accounts/add`);
    await fill('[data-test=add-name]', 'Everyday');
    await shots('add-account');
    await press('[data-test=add-account]');
    await one('[data-test=show-phrase]').waitFor();
    await press('[data-test=show-phrase]');
    await one('[data-test=words]').waitFor();
    await shots('phrase');
    phrase = (await page.locator('[data-test=words] li').allInnerTexts()).map((w) => w.trim()).join(' ');
    assert.equal(phrase.split(' ').length, 12);
    const address = (await page.locator('.address').first().textContent()).replace(/\s/g, '');
    assert.equal(address, mnemonicToAccount(phrase).address);
    await press('[data-test=words-done]');
    assert.equal((await page.content()).includes(phrase.split(' ').slice(0, 3).join(' ')), false);
    walk.address = address;
    noSecretAbout('after the phrase was shown');
  });

  test('the next account of the phrase, and a private key of another wallet', async () => {
    await fill('[data-test=next-name]', 'Savings');
    await press('[data-test=next-account]');
    await page.locator('h1', { hasText: 'Savings' }).waitFor();
    assert.equal((await page.locator('.address').first().textContent()).replace(/\s/g, ''), mnemonicToAccount(phrase, { addressIndex: 1 }).address);
    await page.goto(`${daemon.origin}/#/accounts/add`);
    await press('[data-test=choice-key]');
    await fill('[data-test=add-name]', 'From elsewhere');
    await fill('[data-test=add-secret]', 'not a key');
    await press('[data-test=add-account]');
    await page.getByText('it must be 64 hex digits').waitFor();
    await fill('[data-test=add-secret]', imported);
    await press('[data-test=add-account]');
    await page.locator('h1', { hasText: 'From elsewhere' }).waitFor();
    assert.equal((await page.locator('.address').first().textContent()).replace(/\s/g, ''), privateKeyToAccount(imported).address);
    await shots('ordinary-account');
    await page.goto(`${daemon.origin}/#/accounts`);
    await page.locator('.account').nth(2).waitFor();
    await shots('accounts');
    noSecretAbout('after a key was brought in');
  });

  test('ether is sent: read by keyd, signed with a passkey, and on the chain as viem sees it', async () => {
    const { address } = privateKeyToAccount(imported);
    const to = newAddress();
    await sendEther(network.request, address, parseEther('10'));
    await page.goto(`${daemon.origin}/#/home`);
    await one('[data-test=balance]', { hasText: /^10\u00a0ETH/ }).waitFor();
    await press('[data-test=go-send]');
    await fill('[data-test=to]', to);
    await page.getByText('The address is well formed').waitFor();
    await fill('[data-test=amount]', '1.5');
    await press('[data-test=review]');
    await one('[data-test=approve-screen]').waitFor();
    await shots('approve');
    await approve();
    await one('.chip-state.ok', { hasText: 'Final' }).waitFor();
    await shots('sent');
    assert.equal(BigInt(await rpc('eth_getBalance', to, 'latest')), parseEther('1.5'));
    assert.equal(BigInt(await rpc('eth_getTransactionCount', address, 'latest')), 1n);
    const hash = /0x[0-9a-f]{64}/.exec(await page.locator('main').innerText())[0];
    const tx = await rpc('eth_getTransactionByHash', hash);
    assert.equal(tx.from.toLowerCase(), address.toLowerCase());
    assert.equal(tx.type, '0x2');
    const receipt = await rpc('eth_getTransactionReceipt', hash);
    const fee = BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice);
    assert.equal(BigInt(await rpc('eth_getBalance', address, 'latest')), parseEther('8.5') - fee);
    noSecretAbout('after sending');
  });

  test('a transaction that is stuck is cancelled, and nothing arrives', async () => {
    const to = newAddress();
    await rpc('evm_setIntervalMining', 0);
    await rpc('evm_setAutomine', false);
    await page.goto(`${daemon.origin}/#/send`);
    await fill('[data-test=to]', to);
    await page.getByText('The address is well formed').waitFor();
    await fill('[data-test=amount]', '2');
    await press('[data-test=review]');
    await approve();
    await page.getByRole('button', { name: 'Cancel it' }).click();
    await one('[data-test=approve-screen] h1', { hasText: 'cancel' }).waitFor();
    await approve();
    await page.locator('.chip-state', { hasText: 'Submitted' }).first().waitFor();
    await rpc('evm_mine');
    await rpc('evm_setIntervalMining', 1);
    await page.locator('.chip-state.ok', { hasText: 'Final' }).first().waitFor();
    assert.equal(BigInt(await rpc('eth_getBalance', to, 'latest')), 0n);
    assert.equal(BigInt(await rpc('eth_getTransactionCount', privateKeyToAccount(imported).address, 'latest')), 2n);
  });

  test('messages and typed data are signed as viem verifies them', async () => {
    const { address } = privateKeyToAccount(imported);
    await page.goto(`${daemon.origin}/#/accounts`);
    await page.getByRole('link', { name: 'From elsewhere' }).first().click();
    await fill('[data-test=message-text]', 'Sign in to example.org\nNonce 7');
    await press('[data-test=sign-message]');
    let signature = await one('[data-test=signature]').textContent();
    assert.ok(await verifyMessage({ address, message: 'Sign in to example.org\nNonce 7', signature }));
    await one('[data-test=message-kind]').selectOption('typed_data');
    const typed = {
      types: { EIP712Domain: [{ name: 'name', type: 'string' }, { name: 'chainId', type: 'uint256' }], Mail: [{ name: 'to', type: 'address' }, { name: 'contents', type: 'string' }] },
      primaryType: 'Mail', domain: { name: 'Ether Mail', chainId: 31337 }, message: { to: address, contents: 'Hello, 保险库' },
    };
    await fill('[data-test=message-text]', JSON.stringify(typed));
    await press('[data-test=sign-message]');
    signature = await one('[data-test=signature]').textContent();
    assert.ok(await verifyTypedData({ address, ...typed, signature }));
    await fill('[data-test=message-text]', '{}');
    await press('[data-test=sign-message]');
    await page.getByText('Not typed data').waitFor();
  });

  test('a key goes out as a key file that opens under its password', async () => {
    await fill('[data-test=file-password]', 'correct horse');
    await press('[data-test=show-file]');
    await one('[data-test=secret]').waitFor();
    const file = JSON.parse(await one('[data-test=secret]').textContent());
    assert.equal(file.version, 3);
    assert.equal(`0x${file.address}`, privateKeyToAccount(imported).address.toLowerCase());
    await press('[data-test=words-done]');
    noSecretAbout('after a key file was made');
  });

  test('the wallet locks with its vault, and the passkey of the vault opens both', async () => {
    await page.getByRole('button', { name: 'Lock' }).click();
    await one('[data-test=unlock-vault]').waitFor();
    await shots('locked');
    const forms = planted();
    const [keyd] = childrenOf(daemon.pid);
    assert.ok(keyd, 'the daemon has a key process');
    const memory = scanMemory(keyd, forms);
    assert.equal(memory.isFound, false, 'a secret is in the locked key process');
    await press('[data-test=unlock-vault]');
    await page.locator('.account-menu').waitFor();
    await page.goto(`${daemon.origin}/#/vault`);
    await one('[data-test=vault][data-state=open]').waitFor();
    await press('[data-test=vault-lock]');
    await one('[data-test=vault][data-state=locked]').waitFor();
    await press('[data-test=vault-open]');
    await one('[data-test=vault][data-state=open]').waitFor();
  });

  test('a recovery phrase is shown once and opens the vault without a passkey', async () => {
    await press('[data-test=vault-recovery]');
    await one('[data-test=words]').waitFor();
    recovery = (await page.locator('[data-test=words] li').allInnerTexts()).map((w) => w.trim()).join(' ');
    await press('[data-test=words-done]');
    await press('[data-test=vault-lock]');
    await press('[data-test=vault-by-phrase]');
    await fill('[data-test=vault-phrase]', recovery);
    await page.getByRole('button', { name: 'Open with passkey' }).last().click();
    await one('[data-test=vault][data-state=open]').waitFor();
    assert.deepEqual(scanFiles(dir, [Buffer.from(recovery)]), []);
    assert.equal(scanMemory(daemon.pid, [Buffer.from(recovery)]).isFound, false);
  });

  test('another passkey, on a security key, after the first has agreed', async () => {
    const key = await authenticator({ transport: 'usb', hasPrf: true, automaticPresenceSimulation: false });
    const touch = (authenticatorId, enabled) => cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
    /* An authenticator that is touched and does not know the passkey ends the request: only one is touched at a time. */
    await page.route('**/rpc', async (route) => {
      if (route.request().postData()?.includes('"vault_enrol_begin"')) {
        await touch(laptop, false);
        await touch(key, true);
      }
      await route.continue();
    });
    await press('[data-test=choice-security_key]');
    await press('[data-test=vault-enrol]');
    await page.getByText('2 passkeys').waitFor();
    await page.unroute('**/rpc');
    await shots('vault-two-ways');
    await press('[data-test=vault-lock]');
    await press('[data-test=vault-open]'); /* with the new one alone */
    await one('[data-test=vault][data-state=open]').waitFor();
    await touch(key, false);
    await touch(laptop, true);
  });

  test('the drill: each way in is proven, and the account is called safe for money', async () => {
    await page.goto(`${daemon.origin}/#/recovery`);
    await page.locator('[data-test=way][data-due=false]').nth(2).waitFor();
    assert.equal(await page.locator('[data-test=verdict][data-safe=true]').count(), 0, 'the vault is on one machine alone');
    const saved = page.waitForEvent('download');
    await press('[data-test=make-backup]');
    await (await saved).saveAs(join(dir, 'kept.backup'));
    await page.locator('[data-test=check-backup]').setInputFiles(join(dir, 'kept.backup'));
    await page.locator('[data-test=verdict][data-safe=true]').nth(2).waitFor();
    await page.locator('[data-test=check-backup]').setInputFiles({ name: 'x', mimeType: 'application/octet-stream', buffer: Buffer.from('no backup file') });
    await page.getByText('no backup file of Passmesh').waitFor();
    await shots('recovery');
    await page.locator('[data-test=prove]').first().click();
    await page.getByText('Passkey 1: proven').waitFor();
    await fill('[data-test=prove-phrase-text]', 'legal winner thank year wave sausage worth useful legal winner thank yellow');
    await press('[data-test=prove-phrase]');
    await page.getByText('This does not open the vault').waitFor();
    await fill('[data-test=prove-phrase-text]', recovery);
    await press('[data-test=prove-phrase]');
    await page.getByText('Recovery phrase: proven').waitFor();
    const told = await cli(['recovery']);
    assert.match(told.out, /Everyday: safe for money\n/);
    assert.match(told.out, /recovery phrase +proven 20/);
    await page.goto(`${daemon.origin}/#/home`);
    await one('[data-test=safety]', { hasText: 'Safe for money: 3 ways in' }).waitFor();
    await page.goto(`${daemon.origin}/#/vault`);
  });

  test('the command line: a phrase over a descriptor, the state, and locking', async () => {
    const words = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
    const added = await cli(['accounts', 'add', 'By hand', '--phrase', '--fd', '3', '--json'], words);
    assert.equal(added.code, 0, added.err);
    assert.equal(JSON.parse(added.out).address, mnemonicToAccount(words).address);
    const wrong = await cli(['accounts', 'add', 'Wrong', '--phrase', '--fd', '3'], 'legal winner');
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /secret phrase/);
    const forms = [Buffer.from(words)];
    assert.equal(scanMemory(daemon.pid, forms).isFound, false, 'the phrase is in the daemon');
    assert.deepEqual(scanFiles(dir, forms), []);
    assert.match((await cli(['vault', 'status'])).out, /^open, 2 passkeys, a recovery phrase/);
    assert.equal((await cli(['vault', 'lock'])).code, 0);
    assert.match((await cli(['vault'])).out, /^locked/);
    const closed = await cli(['accounts', 'add', 'Late', '--key', '--fd', '3'], imported);
    assert.equal(closed.code, 1);
    assert.match(closed.err, /vault locked/);
    await press('[data-test=vault-open]');
    await one('[data-test=vault][data-state=open]').waitFor();
  });

  test('a second daemon on the same home is refused; after a restart the vault is locked and whole', async () => {
    await assert.rejects(startDaemon({ dir, home: walk.home, file: network.file, port: walk.port, log: 'second.log' }));
    assert.match(readFileSync(join(dir, 'second.log'), 'utf8'), /another keyd is running|already|held by|has .* open/i);
    await seen.take();
    await daemon.stop();
    await start();
    await page.goto(await walk.link());
    await page.locator('.account-menu').waitFor();
    await page.goto(`${daemon.origin}/#/vault`);
    await one('[data-test=vault][data-state=locked]').waitFor();
    await press('[data-test=vault-open]');
    await one('[data-test=vault][data-state=open]').waitFor();
    await seen.take(); /* a page without its program logs refused connections */
  });

  test('an empty home directory becomes the same wallet again, by the phrase on the command line', async () => {
    assert.equal((await cli(['backup', join(dir, 'by-hand.backup')])).code, 0);
    const again = await cli(['backup', join(dir, 'by-hand.backup')]);
    assert.equal(again.code, 1, 'a file that is there is left alone');
    const before = JSON.parse((await cli(['--json', 'account', 'list'])).out).accounts;
    await daemon.stop();
    const fresh = await startDaemon({ dir, home: join(dir, 'fresh'), file: network.file, port: walk.port, log: 'fresh.log' });
    const there = (words, secret) => cli(words, secret, join(dir, 'fresh'));
    const wrong = await there(['restore', join(dir, 'by-hand.backup'), '--fd', '3'], 'legal winner thank year wave sausage worth useful legal winner thank yellow');
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /vault wrong/);
    const back = await there(['restore', join(dir, 'by-hand.backup'), '--fd', '3'], recovery);
    assert.equal(back.code, 0, back.err);
    const after = JSON.parse((await there(['--json', 'account', 'list'])).out).accounts;
    assert.deepEqual(after.map((a) => [a.name, a.address]).sort(), before.map((a) => [a.name, a.address]).sort());
    assert.match((await there(['vault'])).out, /^open, 2 passkeys, a recovery phrase/);
    await fresh.stop();
    await seen.take();
    await start();
    await page.goto(await walk.link());
    await page.locator('.account-menu').waitFor();
    await seen.take();
  });

  test('on another machine the vault comes back with a passkey alone, from the server that kept it', async () => {
    const list = async () => JSON.parse((await cli(['--json', 'account', 'list'])).out).accounts;
    await page.goto(`${daemon.origin}/#/vault`);
    await press('[data-test=vault-open]');
    await one('[data-test=vault][data-state=open]').waitFor();
    await page.goto(`${daemon.origin}/#/recovery`);
    await one('[data-test=copies][data-servers="1"]').waitFor();
    assert.match(await one('[data-test=copies]').innerText(), /^1 server keeps it until 20\d\d-/);
    await shots('recovery-copies');
    const before = await list();
    const { home } = walk;
    await daemon.stop();
    walk.home = join(dir, 'elsewhere');
    await start();
    await seen.take();
    await page.goto(await walk.link());
    await one('[data-test=other-ways]').waitFor();
    await page.goto(`${daemon.origin}/#/restore`);
    await press('[data-test=restore-find]');
    await one('[data-test=restore-passkey]').waitFor();
    await shots('restore-found');
    await press('[data-test=restore-passkey]');
    await page.getByText('Your vault is back').waitFor();
    /* Each phrase's first account, and each key's: names and further accounts are in backup files alone. */
    const isFirst = (a) => a.kind === 'key' || (a.kind === 'phrase' && a.path.endsWith('/0'));
    assert.deepEqual((await list()).map((a) => a.address).sort(), before.filter(isFirst).map((a) => a.address).sort());
    noSecretAbout('after a search');
    await daemon.stop();
    walk.home = home;
    await start();
    await seen.take();
    await page.goto(await walk.link());
    await page.locator('.account-menu').waitFor();
    await seen.take();
  });

  test('without the key process nothing is signed, and the page says so', async () => {
    const [keyd] = childrenOf(daemon.pid);
    process.kill(keyd, 'SIGKILL');
    await page.goto(`${daemon.origin}/#/accounts/add`);
    await fill('[data-test=add-name]', 'Too late');
    await press('[data-test=add-account]');
    await page.getByText('The key process does not answer').first().waitFor();
    await shot('keys-down');
    await seen.take();
  });

  test('the page broke no rule of its policy', async () => {
    assert.deepEqual(await seen.take(), []);
  });
});
