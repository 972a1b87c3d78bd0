/* Every screen in every state: axe-core finds nothing, no console error, no policy violation, no foreign request, no sideways scroll.
 * The fast set takes each screen in four of the eight settings of theme, width and language, so that each pair of two is met, and its
 * further states in one of the four, turn by turn; --long takes all eight, more widths, text spacing, forced colours and every error. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, describe, test } from 'node:test';
import { act, findChromium, openBrowser, watch } from './browser.mjs';
import { errors } from './schema.mjs';
import { startServer } from './server.mjs';

const isLong = process.env.UI_LONG === '1';
const folder = process.env.UI_GALLERY;
globalThis.__ERRORS__ = Object.fromEntries(Object.entries(errors).map(([code, e]) => [code, Object.keys(e.params)]));
const { make } = await import('./states.mjs');
const { states } = make(Date.now());
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const FAST = [['en', 'light', 360], ['en', 'dark', 1440], ['zh-Hans', 'dark', 360], ['zh-Hans', 'light', 1440]];
const MAIN = ['access-none', 'access-over', 'locked', 'start-welcome', 'start-key', 'start-ready', 'home', 'receive', 'send-filled', 'approve', 'ceremony-waiting', 'activity', 'operation-final', 'accounts', 'account', 'account-ordinary', 'add-phrase', 'vault-open', 'recovery', 'guardians-request', 'guardians-back', 'network', 'server', 'server-install', 'computer', 'settings', 'more', 'log', 'about'];
const FULL = ['en', 'zh-Hans'].flatMap((lang) => ['light', 'dark'].flatMap((theme) => [360, 1440].map((width) => [lang, theme, width])));
const WIDTHS = [320, 640, 768, 1280];
const LANES = 2;

let server;
let browser;
const lanes = [];

async function runAxe(page) {
  return page.evaluate(async ({ source, rules }) => {
    if (!window.axe) {
      (0, eval)(source); // eslint-disable-line no-eval
    }
    const result = await window.axe.run(document, { runOnly: rules, resultTypes: ['violations'] });
    return result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target.join(' ')} (${n.any.concat(n.all, n.none)[0]?.message ?? ''})`).slice(0, 3).join('; ')}`);
  }, { source: AXE, rules: RULES });
}

async function sideways(page) {
  return page.evaluate(() => {
    const root = document.documentElement;
    const out = root.scrollWidth > root.clientWidth ? [`page is ${root.scrollWidth} wide in ${root.clientWidth}`] : [];
    for (const e of document.querySelectorAll('button, a, h1, h2, p, dt, dd, label, .digits')) {
      if (e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflow === 'visible' && e.clientWidth > 1 && getComputedStyle(e).display !== 'inline' && !e.closest('.table-box, .sr')) {
        out.push(`${e.className || e.tagName} "${e.textContent.slice(0, 30)}" is ${e.scrollWidth} wide in ${e.clientWidth}`);
      }
    }
    return out;
  });
}

async function show(lane, name, lang, theme, width) {
  const { page } = lane;
  await page.setViewportSize({ width, height: width < 600 ? 740 : 900 });
  await page.goto(`${server.origin}/gallery.html?state=${name}&lang=${lang}&theme=${theme}`);
  await page.waitForFunction(() => window.gallery?.ready);
  await page.waitForFunction(() => !document.querySelector('[data-lazy]')); /* a screen whose code comes later */
  await act(page, states[name].act);
  await page.waitForTimeout(60);
}

async function inspect(lane, name, lang, theme, width) {
  const where = `${name} ${lang} ${theme} ${width}`;
  /* as high as the page: what a bar covers for a moment while scrolling is no small target */
  const height = await lane.page.evaluate(() => Math.max(innerHeight, document.documentElement.scrollHeight + 8));
  await lane.page.setViewportSize({ width, height: Math.min(height, 12_000) });
  const found = [...await lane.seen.take(), ...await sideways(lane.page), ...await runAxe(lane.page)];
  assert.deepEqual(found, [], where);
}

function settingsOf(name, state) {
  if (state.isError) {
    return FAST.slice(0, 1);
  }
  const turn = Object.keys(states).indexOf(name) % FAST.length;
  return isLong ? FULL : MAIN.includes(name) ? FAST : FAST.slice(turn, turn + 1);
}

async function setUp() {
  server = await startServer(folder);
  browser = await openBrowser();
  for (let i = 0; i < LANES; i++) {
    const page = await browser.context.newPage();
    page.setDefaultTimeout(25_000);
    lanes.push({ page, seen: await watch(page, server.origin) });
  }
}

let isUp;
after(async () => {
  await browser?.close();
  server?.close();
});

describe('screens', { skip: findChromium() ? false : 'Chromium is not installed', concurrency: LANES }, () => {
  for (const [name, state] of Object.entries(states)) {
    if (state.isError && !isLong) {
      continue;
    }
    test(name, { timeout: 300_000 }, async () => {
      await (isUp ??= setUp());
      while (lanes.length === 0) {
        await new Promise((done) => setTimeout(done, 20));
      }
      const lane = lanes.pop();
      try {
        for (const [lang, theme, width] of settingsOf(name, state)) {
          await show(lane, name, lang, theme, width);
          await inspect(lane, name, lang, theme, width);
        }
        if (isLong && !state.isError) {
          await extra(lane, name);
        }
      } finally {
        lanes.push(lane);
      }
    });
  }
});

test('a long history draws only what is near the window', { skip: findChromium() ? false : 'Chromium is not installed', timeout: 300_000 }, async (t) => {
  await (isUp ??= setUp());
  const lane = lanes.pop();
  const { page } = lane;
  await show(lane, 'activity-many', 'en', 'light', 1440);
  for (let i = 0; i < 4; i++) {
    await page.getByRole('button', { name: 'Show more' }).click();
    await page.waitForFunction((n) => document.documentElement.scrollHeight > n * 68, (i + 2) * 200);
  }
  const count = () => page.locator('[data-test=activity-row]').count();
  assert.ok(await count() <= 60, 'a thousand rows, at most 60 drawn');
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight / 2));
  await page.waitForFunction(() => {
    const rows = [...document.querySelectorAll('[data-test=activity-row]')];
    return rows.some((r) => r.getBoundingClientRect().top > 0 && r.getBoundingClientRect().bottom < innerHeight);
  });
  const place = await page.locator('main li[aria-posinset]').first().getAttribute('aria-posinset');
  assert.ok(parseInt(place, 10) > 400, `the first drawn row is number ${place}`);
  await page.locator('[data-test=activity-row]').nth(20).focus();
  const before = await page.evaluate(() => document.activeElement.getBoundingClientRect().top);
  await page.keyboard.press('ArrowDown');
  assert.ok(await page.evaluate(() => document.activeElement.getBoundingClientRect().top) > before, 'Down goes to the next row');
  t.diagnostic(`rows drawn of 1,000: ${await count()}`);
  assert.deepEqual(await lane.seen.take(), []);
  lanes.push(lane);
});

/* What a screen reader is told about a request, word for word. UI_UPDATE=1 writes it anew: look at the difference. */
test('approval, as it is read out', { skip: findChromium() ? false : 'Chromium is not installed', timeout: 120_000 }, async () => {
  await (isUp ??= setUp());
  const lane = lanes.pop();
  await show(lane, 'approve-batch', 'en', 'light', 1440);
  const told = (await lane.page.locator('main').ariaSnapshot()).replace(/\d+:\d\d/g, 'M:SS').replace(/\d+ (s|min)\b(?! \w)/g, 'N $1');
  const stored = new URL('approval.aria.txt', import.meta.url);
  if (process.env.UI_UPDATE) {
    writeFileSync(stored, `${told}\n`);
  }
  lanes.push(lane);
  assert.equal(`${told}\n`, readFileSync(stored, 'utf8'));
});

async function extra(lane, name) {
  for (const width of WIDTHS) {
    await show(lane, name, 'en', 'light', width);
    assert.deepEqual([...await lane.seen.take(), ...await sideways(lane.page)], [], `${name} at ${width}`);
  }
  await show(lane, name, 'en', 'light', 360);
  await lane.page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-bottom: 2em !important }');
    document.adoptedStyleSheets = [sheet];
  });
  assert.deepEqual(await lane.page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth ? ['sideways'] : []), [], `${name} with text spacing`);
  await lane.page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
  await show(lane, name, 'en', 'light', 360);
  const moving = await lane.page.evaluate(() => document.getAnimations().filter((a) => a.playState === 'running').length);
  await lane.page.emulateMedia({ forcedColors: null, reducedMotion: null });
  assert.equal(moving, 0, `${name}: something moves with reduced motion`);
  await lane.seen.take();
}
