// A walk through the wallet's page in a headless Chromium with a virtual authenticator.
import { openBrowser, watch } from '../../../ui/test/browser.mjs';
import { startDaemon } from './network.mjs';
import { Walk } from './walk.mjs';

const WAIT_MS = 40_000;

/** out: where screenshots go; hand: of hands.mjs. */
export class PageWalk extends Walk {
  constructor({ hand, out, ...rest }) {
    super({ name: hand.name, ...rest });
    Object.assign(this, { hand, out });
  }

  async shot(name, { fullPage = false } = {}) {
    await this.page.waitForTimeout(250); /* transitions end */
    await this.page.screenshot({ path: this.shotPath(this.out, name, this.hand.name), fullPage });
  }

  one(selector, options) {
    return this.page.locator(selector, options).first();
  }

  press(selector) {
    return this.hand.press(this.page, selector);
  }

  async startDaemon() {
    this.daemon = await startDaemon({ dir: this.dir, home: this.home, file: this.network.file, port: this.port, log: `daemon-${this.hand.name}.log`, onEnd: (c) => { this.died = c.fault(); } });
  }

  async open(page) {
    await page.goto(await this.link());
  }

  async newPage() {
    const page = await this.browser.context.newPage();
    page.setDefaultTimeout(WAIT_MS);
    return page;
  }

  /** One more authenticator; its id. Chrome has at most one that is internal. */
  async addAuthenticator(transport = 'internal') {
    const { authenticatorId } = await this.cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: { protocol: 'ctap2', transport, hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
    });
    return authenticatorId;
  }

  async begin() {
    await this.startDaemon();
    this.browser = await openBrowser();
    this.page = await this.newPage();
    this.seen = await watch(this.page, this.daemon.origin);
    this.cdp = await this.browser.context.newCDPSession(this.page);
    await this.cdp.send('WebAuthn.enable');
    this.authenticatorId = await this.addAuthenticator();
  }

  async end() {
    await this.browser?.close();
    await this.daemon?.stop();
  }

  /** The addresses that stand on the page in full. */
  addresses() {
    return this.page.locator('.address').evaluateAll((all) => all.map((e) => e.textContent));
  }

  /** Ticks every risk that wants it. */
  async tick() {
    for (const open = this.one('[data-test=tick]:not(:checked)'); await open.count();) {
      await open.check();
    }
  }

  /** Waits for one of these; a request that changes meanwhile (its trial came back) takes the ticks away, and gets them again. */
  async awaitOnApproval(selector) {
    for (const end = Date.now() + WAIT_MS; Date.now() < end; await this.page.waitForTimeout(100)) {
      await this.tick();
      if (await this.one(selector).isVisible()) {
        return;
      }
    }
    throw new Error(`the approval stands still: ${await this.one('.bar-note').innerText()}`);
  }

  async approve() {
    const alive = '[data-test=approve]:not([aria-disabled])';
    await this.awaitOnApproval(`[data-test=rest], ${alive}`);
    if (await this.page.locator('[data-test=rest]').count()) {
      await this.press('[data-test=rest], [data-test=approve]'); /* Tab alone may have shown the rest meanwhile */
    }
    await this.shot('review-rest');
    await this.awaitOnApproval(`${alive}, .chip-state`);
    if (await this.page.locator(alive).count()) {
      await this.press(alive);
    }
  }

  async toHome() {
    await this.press('.menu a[href="#/home"]');
    await this.one('[data-test=balance]').waitFor();
  }
}
