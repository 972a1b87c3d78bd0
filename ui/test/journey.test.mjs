/* Create → receive test money → send → approve → included, with the browser's virtual authenticator against the fake daemon:
 * with the mouse, and by keyboard alone. Also what happens when the daemon goes away, and when someone else answers. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findChromium, openBrowser, watch } from './browser.mjs';
import { startFakeDaemon } from './fake_daemon.mjs';
import { ALICE } from './states.mjs';

const folder = process.env.UI_PAGE;

async function begin(options = {}) {
  const daemon = await startFakeDaemon(folder, options);
  const browser = await openBrowser();
  const page = await browser.context.newPage();
  page.setDefaultTimeout(25_000);
  const seen = await watch(page, daemon.origin);
  const cdp = await browser.context.newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  const verified = (is) => cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: is });
  const end = async () => {
    await browser.close();
    daemon.close();
  };
  return { daemon, page, seen, end, verified };
}

/** Mouse: click it. Keyboard: Tab until it has the focus, then Enter. */
const mouse = {
  press: (page, selector) => page.locator(selector).first().click(),
  type: (page, selector, text) => page.locator(selector).first().fill(text),
};
const keyboard = {
  async reach(page, selector) {
    await page.locator(selector).first().waitFor();
    for (let i = 0; i < 80; i++) {
      if (await page.evaluate((s) => document.activeElement?.matches(s), selector)) {
        return;
      }
      await page.keyboard.press('Tab');
    }
    assert.fail(`Tab never reaches ${selector}`);
  },
  async press(page, selector) {
    await this.reach(page, selector);
    await page.keyboard.press('Enter');
  },
  async type(page, selector, text) {
    await this.reach(page, selector);
    await page.keyboard.press('Control+A');
    await page.keyboard.type(text);
  },
};

async function createAccount(hand, { page, daemon }) {
  await page.goto(daemon.open());
  await page.locator('[data-test=make]').waitFor();
  assert.equal(await page.evaluate(() => location.hash), '#/start', 'the code is wiped from the address');
  await hand.press(page, '[data-test=make]');
  await hand.type(page, '[data-test=account-name]', 'Main');
  await hand.press(page, '[data-test=make-passkey]');
  await page.locator('[data-test=to-home]').waitFor();
  await hand.press(page, '[data-test=to-home]');
  await page.locator('[data-test=balance]').waitFor();
}

async function approveIt(hand, page) {
  await page.locator('[data-test=approve-screen]').waitFor();
  if (await page.locator('[data-test=rest]').count()) {
    await hand.press(page, '[data-test=rest], [data-test=approve]'); /* Tab alone may have shown the rest */
  }
  await page.locator('[data-test=approve]:not([aria-disabled])').waitFor();
  await hand.press(page, '[data-test=approve]');
}

async function journey(hand) {
  const the = await begin();
  const { daemon, page, seen, end } = the;
  try {
    await createAccount(hand, the);
    await hand.press(page, '[data-test=faucet]');
    await page.locator('[data-test=balance]', { hasText: '20\u00a0ETH' }).waitFor();
    await hand.press(page, '[data-test=go-send]');
    await hand.type(page, '[data-test=to]', ALICE.toUpperCase().replace('0X', '0x'));
    await page.getByText('A character is wrong').waitFor();
    await hand.type(page, '[data-test=to]', ALICE);
    await page.getByText('The address is well formed').waitFor();
    await hand.type(page, '[data-test=amount]', '1,5');
    await page.getByText('Use a point for decimals').waitFor();
    await hand.type(page, '[data-test=amount]', '1.5');
    await hand.press(page, '[data-test=review]');
    await page.locator('[data-test=approve-screen]').waitFor();
    assert.match(await page.locator('h1').textContent(), /send 1\.5\u00a0ETH$/);
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'H1', 'focus is on the heading');
    await approveIt(hand, page);
    await page.getByText('Final', { exact: true }).first().waitFor();
    await page.locator('.chip-state.ok', { hasText: 'Final' }).waitFor();
    assert.equal(daemon.calls.filter((c) => c === 'send_approve').length, 1, 'signed once');
    assert.equal(daemon.world.balance, 185n * 10n ** 17n - 105n * 10n ** 13n);
    await hand.press(page, '.menu a[href="#/home"]');
    await page.locator('[data-test=balance]', { hasText: '18.49895' }).waitFor();
    assert.equal(await page.locator('[data-test=activity-row]').count(), 1);
    await page.reload();
    await page.locator('[data-test=balance]', { hasText: '18.49895' }).waitFor();
    assert.deepEqual(await seen.take(), []);
    const stored = await page.evaluate(() => JSON.stringify({ ...localStorage }) + document.cookie + location.href);
    assert.ok(!stored.includes([...daemon.world.tokens][0]), 'the token is in no cookie, address or lasting store');
  } finally {
    await end();
  }
}

describe('journeys', { skip: findChromium() ? false : 'Chromium is not installed', concurrency: 2 }, () => {
  test('create, send, approve with the mouse', { timeout: 240_000 }, () => journey(mouse));
  test('create, send, approve by keyboard alone', { timeout: 240_000 }, () => journey(keyboard));

  test('refused passkey: nothing is signed, the request stays, a second try works; reject signs nothing', { timeout: 240_000 }, async () => {
    const the = await begin();
    const { daemon, page, end, verified } = the;
    try {
      await createAccount(mouse, the);
      daemon.world.balance = 10n ** 19n;
      daemon.emit('balances');
      daemon.prepare({ asset: 'native', to: ALICE, amount: '1000000000000000000' });
      await page.locator('.waiting a').click();
      await verified(false);
      await approveIt(mouse, page);
      await page.locator('[data-test=ceremony-again]').waitFor();
      assert.ok(!daemon.calls.includes('send_approve'));
      await verified(true);
      await page.locator('[data-test=ceremony-again]').click();
      await page.locator('.chip-state.ok', { hasText: 'Final' }).waitFor();
      daemon.prepare({ asset: 'native', to: ALICE, amount: '1' });
      await page.locator('.waiting a').click();
      await page.locator('[data-test=reject]').click();
      await page.locator('[data-test=balance]').waitFor();
      assert.equal(daemon.calls.filter((c) => c === 'send_approve').length, 1);
    } finally {
      await end();
    }
  });

  test('a change from outside resets approval; an answer elsewhere closes it', { timeout: 240_000 }, async () => {
    const the = await begin();
    const { daemon, page, end } = the;
    try {
      await createAccount(mouse, the);
      daemon.world.balance = 10n ** 19n;
      const o = daemon.prepare({ asset: 'native', to: ALICE, amount: '1000000000000000000' });
      await page.locator('.waiting a').click();
      const rest = page.locator('[data-test=rest]');
      if (await rest.count()) {
        await rest.click();
      }
      await page.locator('[data-test=approve]:not([aria-disabled])').waitFor();
      o.revision = 2;
      o.fee.max.value = '9900000000000000';
      daemon.changed(o);
      await page.locator('[data-test=approve][aria-disabled], [data-test=rest]').waitFor();
      await page.getByText('The request has changed').waitFor();
      Object.assign(o, { state: 'cancelled', can: [] });
      delete o.request;
      daemon.changed(o);
      await page.getByText('Nothing was signed').first().waitFor();
      assert.equal(await page.locator('[data-test=approve]').count(), 0);
    } finally {
      await end();
    }
  });

  test('program lost and back; restarted: access over; the code works once', { timeout: 240_000 }, async () => {
    const the = await begin();
    const { daemon, page, end } = the;
    try {
      await createAccount(mouse, the);
      daemon.down();
      await page.locator('.banner', { hasText: 'not answering' }).waitFor();
      daemon.up(true);
      await page.locator('.banner', { hasText: 'not answering' }).waitFor({ state: 'detached' });
      daemon.down();
      daemon.up(false);
      await page.getByText('this page has lost its access').waitFor();
      assert.ok(!(await page.content()).includes('0x71C765'), 'nothing private is left');
      const link = daemon.open();
      await page.goto(link); /* in the same tab: only the fragment changes */
      await page.locator('[data-test=balance]').waitFor();
      const other = await page.context().newPage();
      await other.goto(link);
      await other.getByText('has been used already').waitFor();
    } finally {
      await end();
    }
  });

  test('this computer is read by keyboard alone', { timeout: 240_000 }, async () => {
    const j = await begin();
    const { page } = j;
    try {
      await createAccount(keyboard, j);
      await page.keyboard.press('g');
      await page.keyboard.press('c');
      await page.locator('[data-test=service-relay]').waitFor();
      assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1', 'the heading has the focus');
      assert.ok(!(await page.locator('[data-test=technology-sgx]').isVisible()), 'what is not here is folded away');
      await keyboard.press(page, 'main details > summary');
      assert.match(await page.locator('[data-test=technology-sgx]').innerText(), /Intel SGX[^]*not found/);
      assert.match(await page.locator('[data-test=technology-tpm2]').innerText(), /TPM 2\.0[^]*in the chip[^]*switched on[^]*usable now/);
      assert.deepEqual(await j.seen.take(), []);
    } finally {
      await j.end();
    }
  });

  test('what the command line began about a co-signer is seen, and signed with the passkey', { timeout: 240_000 }, async () => {
    const the = await begin();
    const { daemon, page, end, seen } = the;
    const server = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp';
    try {
      await createAccount(mouse, the);
      const [account] = daemon.world.accounts;
      account.cosigner_wish = {
        what: 'make', server, expires_ms: Date.now() + 300_000, chain_ids: [31337], limits: [{ amount: '1000' }, { amount: '7', to: ALICE }], passkey: 'AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4_QA',
        options: { rp_id: 'passmesh.localhost', challenge: 'AAECAwQFBgcICQoLDA0ODw', allow: [{ id: account.owners[0].credential_id, transports: [] }], user_verification: 'required', timeout_ms: 120_000 },
      };
      daemon.emit('accounts');
      await page.evaluate((id) => { location.hash = `#/accounts/${id}`; }, account.id);
      const wish = page.locator('[data-test=cosigner-wish]');
      await wish.waitFor();
      const text = await wish.innerText();
      assert.ok(text.includes(server) && /1000 .*ether.*all together/.test(text) && text.includes(ALICE) && /chains 31337/.test(text), text);
      await page.locator('[data-test=cosigner-sign]').click();
      await page.locator('[data-test=cosigner]').waitFor();
      assert.equal(await wish.count(), 0);
      assert.equal(daemon.calls.filter((c) => c === 'cosigner_finish').length, 1);
      assert.deepEqual(await seen.take(), []);
    } finally {
      await end();
    }
  });

  test('lock wipes the page, a passkey opens it; language and theme follow the settings', { timeout: 240_000 }, async () => {
    const the = await begin();
    const { page, end } = the;
    try {
      await createAccount(mouse, the);
      await page.locator('button[aria-label=Lock]').click();
      await page.locator('[data-test=unlock]').waitFor();
      assert.equal(await page.title(), 'Passmesh');
      assert.ok(!(await page.content()).includes('0x71C765'));
      await page.locator('[data-test=unlock]').click();
      await page.locator('[data-test=balance]').waitFor();
      await page.keyboard.press('g');
      await page.keyboard.press(',');
      await page.locator('[data-test=language]').selectOption('zh-Hans');
      await page.getByRole('heading', { name: '设置' }).waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-Hans');
      await page.locator('[data-test=theme]').selectOption('dark');
      await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark');
    } finally {
      await end();
    }
  });
});
