// Headless Firefox with an empty profile, driven over Marionette, the protocol it speaks by itself: messages are JSON texts
// behind their length in decimal digits and a colon; [0, id, command, parameters] asks, [1, id, error, result] answers.
// Nothing leaves the machine: what is not for localhost goes to a proxy on loopback that notes it and hangs up.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { Child } from './child.mjs';
import { Fault } from './say.mjs';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'; /* SPEC WebDriver §"Elements": the web element identifier */
const WAIT_MS = 40_000;
const POLL_MS = 100;
const MESSAGE_BYTES_MAX = 64 * 2 ** 20; /* screenshots are the long ones */

export function findFirefox() {
  return [process.env.PASSMESH_FIREFOX, '/usr/bin/firefox-esr'].find((path) => path && existsSync(path));
}

/** What a command was refused with: name is WebDriver's error code. */
export class MarionetteError extends Error {
  constructor(command, { error, message }) {
    super(`${command}: ${error}: ${message}`);
    this.code = error;
  }
}

class Marionette {
  constructor(port) {
    this.waiting = new Map();
    this.count = 0;
    this.buffer = Buffer.alloc(0);
    this.hello = new Promise((resolve, reject) => { this.waiting.set('hello', { command: 'hello', resolve, reject }); });
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (data) => this.take(data));
    this.socket.on('error', (e) => this.lose(e));
    this.socket.on('close', () => this.lose(new Error('Firefox is gone')));
  }

  lose(error) {
    this.lost ??= error;
    for (const { reject } of this.waiting.values()) {
      reject(error);
    }
    this.waiting.clear();
  }

  take(data) {
    this.buffer = Buffer.concat([this.buffer, data]);
    for (;;) {
      const colon = this.buffer.indexOf(0x3a);
      if (colon < 0) {
        return;
      }
      const length = Number(this.buffer.subarray(0, colon));
      if (!Number.isInteger(length) || length > MESSAGE_BYTES_MAX) {
        this.lose(new Error('Marionette sends no length'));
        this.socket.destroy();
        return;
      }
      if (this.buffer.length < colon + 1 + length) {
        return;
      }
      const message = JSON.parse(this.buffer.subarray(colon + 1, colon + 1 + length));
      this.buffer = this.buffer.subarray(colon + 1 + length);
      this.answer(message);
    }
  }

  answer(message) {
    const [, id, error, result] = Array.isArray(message) ? message : [1, 'hello', null, message];
    const one = this.waiting.get(id);
    this.waiting.delete(id);
    if (error) {
      one?.reject(new MarionetteError(one.command, error));
    } else {
      one?.resolve(result);
    }
  }

  /** Resolves to the answer's value. */
  call(command, parameters = {}) {
    return new Promise((resolve, reject) => {
      if (this.lost) {
        reject(this.lost);
        return;
      }
      this.count += 1;
      this.waiting.set(this.count, { command, resolve: (r) => resolve(r && 'value' in r ? r.value : r), reject });
      const text = Buffer.from(JSON.stringify([0, this.count, command, parameters]));
      this.socket.write(Buffer.concat([Buffer.from(`${text.length}:`), text]));
    });
  }
}

/* A proxy that hangs up on everybody: resolves to { port, refused: the request lines' targets, close }. */
function startTrap() {
  const refused = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (data) => {
      refused.push(data.toString('latin1').split('\r\n')[0].split(' ')[1] ?? '?');
      socket.end('HTTP/1.1 502 Loopback only\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    });
  });
  return new Promise((done, refuse) => {
    server.once('error', refuse);
    server.listen(0, '127.0.0.1', () => done({ port: server.address().port, refused, close: () => server.close() }));
  });
}

function prefs(trapPort) {
  return {
    'marionette.port': 0, /* any; it stands in MarionetteActivePort */
    'network.proxy.type': 1, 'network.proxy.http': '127.0.0.1', 'network.proxy.http_port': trapPort,
    'network.proxy.ssl': '127.0.0.1', 'network.proxy.ssl_port': trapPort, 'network.proxy.failover_direct': false,
    'network.proxy.allow_bypass': false, /* else Firefox's own services go around a proxy that fails */
    'network.proxy.no_proxies_on': '', 'network.proxy.allow_hijacking_localhost': false,
    'network.trr.mode': 5, 'network.http.http3.enable': false, 'network.dns.disablePrefetch': true, 'network.prefetch-next': false,
    'network.captive-portal-service.enabled': false, 'network.connectivity-service.enabled': false, 'media.peerconnection.enabled': false,
    'app.update.disabledForTesting': true, 'app.normandy.enabled': false, 'browser.safebrowsing.malware.enabled': false,
    'browser.safebrowsing.phishing.enabled': false, 'datareporting.policy.dataSubmissionEnabled': false, 'toolkit.telemetry.server': '',
    'extensions.update.enabled': false, 'dom.push.connection.enabled': false, 'services.settings.server': 'data:,#none/v1',
    'browser.startup.page': 0, 'browser.shell.checkDefaultBrowser': false, 'browser.aboutwelcome.enabled': false,
    'security.webauth.webauthn_enable_softtoken': true, 'security.webauth.webauthn_enable_usbtoken': false, /* only so are virtual authenticators asked */
    'intl.accept_languages': 'en-US, en', 'ui.prefersReducedMotion': 1,
  };
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** One Firefox with one tab. Selectors are of CSS. */
export class Firefox {
  /** dir: for profile and log. */
  static async open({ dir, onEnd }) {
    const it = new Firefox();
    const profile = join(dir, 'profile');
    mkdirSync(profile, { recursive: true, mode: 0o700 });
    it.trap = await startTrap();
    writeFileSync(join(profile, 'user.js'), Object.entries(prefs(it.trap.port)).map(([k, v]) => `user_pref(${JSON.stringify(k)}, ${JSON.stringify(v)});\n`).join(''));
    it.child = new Child({
      name: 'Firefox', program: findFirefox(), log: join(dir, 'firefox.log'), onEnd, args: ['--headless', '--marionette', '--no-remote', '--profile', profile],
      env: { HOME: dir, MOZ_HEADLESS_WIDTH: '1440', MOZ_HEADLESS_HEIGHT: '1000', MOZ_CRASHREPORTER_DISABLE: '1', TZ: 'UTC' },
    });
    try {
      const file = join(profile, 'MarionetteActivePort');
      const port = await it.child.until(() => existsSync(file) && Number(readFileSync(file, 'utf8')), 60);
      it.marionette = new Marionette(port);
      const { marionetteProtocol } = await it.marionette.hello;
      if (marionetteProtocol !== 3) {
        throw new Fault(`Firefox speaks Marionette ${marionetteProtocol}; we speak 3.`);
      }
      const { capabilities } = await it.call('WebDriver:NewSession', { pageLoadStrategy: 'normal' });
      it.version = capabilities.browserVersion;
      return it;
    } catch (e) {
      await it.close();
      throw e;
    }
  }

  call(command, parameters) {
    return this.marionette.call(command, parameters);
  }

  goto(url) {
    return this.call('WebDriver:Navigate', { url });
  }

  /** What the body of a function returns in the page; a promise is waited for. */
  run(body, ...args) {
    return this.call('WebDriver:ExecuteScript', { script: body, args, sandbox: null, newSandbox: false });
  }

  /** Waits until some element of selector is shown whose text contains `text`. */
  async wait(selector, text = '') {
    const body = `return [...document.querySelectorAll(arguments[0])].some((e) => e.checkVisibility() && e.textContent.includes(arguments[1]));`;
    const end = Date.now() + WAIT_MS;
    while (!(await this.run(body, selector, text))) {
      if (Date.now() > end) {
        throw new Fault(`the page never shows ${selector}${text && ` with "${text}"`}`);
      }
      await pause(POLL_MS);
    }
  }

  async find(selector) {
    await this.wait(selector);
    return (await this.call('WebDriver:FindElement', { using: 'css selector', value: selector }))[ELEMENT];
  }

  async press(selector) {
    await this.call('WebDriver:ElementClick', { id: await this.find(selector) });
  }

  async type(selector, text) {
    const id = await this.find(selector);
    await this.call('WebDriver:ElementClear', { id });
    await this.call('WebDriver:ElementSendKeys', { id, text });
  }

  has(selector) {
    return this.run('return document.querySelector(arguments[0]) !== null;', selector);
  }

  /** The page's whole text, or of the first element of selector. */
  text(selector) {
    return this.run('return document.querySelector(arguments[0])?.innerText ?? "";', selector);
  }

  async shot(path) {
    const png = await this.call('WebDriver:TakeScreenshot', { full: false, hash: false });
    writeFileSync(path, Buffer.from(png, 'base64'));
  }

  addAuthenticator() {
    return this.call('WebAuthn:AddVirtualAuthenticator', {
      protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserConsenting: true, isUserVerified: true,
    });
  }

  async close() {
    this.child.isStopping = true;
    if (this.marionette && !this.child.isEnded) {
      await Promise.race([this.call('Marionette:Quit', { flags: ['eForceQuit'] }).catch(() => {}), pause(2000)]);
      await Promise.race([this.child.ended, pause(4000)]);
    }
    await this.child.stop();
    this.marionette?.socket.destroy();
    this.trap.close();
  }
}
