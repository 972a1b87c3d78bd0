/* Figures of the page, as one JSON object {name: {value, unit, limit, peer, peer_value}}: node bench.mjs
 * Sizes always; times only where Chromium is installed, over the gallery on this machine. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPage } from './build.mjs';
import { findChromium, openBrowser } from './test/browser.mjs';
import { startServer } from './test/server.mjs';

const RUNS = 7;
const out = mkdtempSync(join(tmpdir(), 'passmesh-ui-'));
const figures = {};
const put = (name, value, unit, limit) => {
  figures[name] = { value: Math.round(value * 10) / 10, unit, limit, peer: null, peer_value: null };
};
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

await buildPage(join(out, 'page'));
const { files } = JSON.parse(readFileSync(join(out, 'page/manifest.json'), 'utf8'));
const sum = (keep) => files.filter((f) => f.file !== 'LICENSES.txt' && keep(f.role)).reduce((n, f) => n + f.gzip, 0) / 1000;
const isMain = (r) => /^main\.(\d+\.)?js$/.test(r);
const longer = (of) => Math.max(...['en', 'zh'].map(of));
/* What opening the page brings; and all that it brings a person who opens every screen. */
put('ui_gzip_kb', longer((l) => sum((r) => isMain(r) || ['style.css', 'index.html', 'icon.svg', `text.${l}.js`].includes(r))), 'kB', 100);
put('ui_every_screen_gzip_kb', longer((l) => sum((r) => !r.startsWith('text.') || r.includes(l))), 'kB', 115);
put('ui_first_load_js_gzip_kb', sum((r) => isMain(r) || r === 'text.en.js'), 'kB', 60);
put('ui_css_gzip_kb', sum((r) => r === 'style.css'), 'kB', 10);

if (findChromium()) {
  await buildPage(join(out, 'gallery'), { withGallery: true });
  const server = await startServer(join(out, 'gallery'));
  const browser = await openBrowser();
  const page = await browser.context.newPage();
  const paints = [];
  const shifts = [];
  for (let i = 0; i < RUNS; i++) {
    await page.goto(`${server.origin}/gallery.html?state=home`);
    await page.waitForFunction(() => document.querySelector('[data-test=balance]'));
    paints.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime));
    shifts.push(await page.evaluate(() => new Promise((done) => {
      new PerformanceObserver((list) => done(list.getEntries().reduce((n, e) => n + e.value, 0))).observe({ type: 'layout-shift', buffered: true });
      setTimeout(() => done(0), 300);
    })));
  }
  put('ui_first_paint_ms', median(paints), 'ms', 150);
  put('ui_layout_shift', median(shifts), '', 0);
  await browser.close();
  server.close();
}
rmSync(out, { recursive: true, force: true });
console.log(JSON.stringify(figures, null, 1));
