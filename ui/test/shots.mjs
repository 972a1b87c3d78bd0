/* Screenshots for people: node test/shots.mjs PAGE_DIR OUT_DIR [state,state…] [width,width…] [light,dark] [en,zh-Hans] */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { make } from './states.mjs';
import { act, openBrowser, watch } from './browser.mjs';
import { startServer } from './server.mjs';

const [folder, out, names, widths = '360,1280', themes = 'light', langs = 'en'] = process.argv.slice(2);
const { states } = make(Date.now());
const server = await startServer(folder);
const browser = await openBrowser();
mkdirSync(out, { recursive: true });
const page = await browser.context.newPage();
const seen = await watch(page, server.origin);
for (const name of names ? names.split(',') : Object.keys(states)) {
  for (const lang of langs.split(',')) {
    for (const theme of themes.split(',')) {
      for (const width of widths.split(',')) {
        await page.setViewportSize({ width: parseInt(width, 10), height: width < 600 ? 780 : 900 });
        await page.goto(`${server.origin}/gallery.html?state=${name}&lang=${lang}&theme=${theme}`);
        await page.waitForFunction(() => window.gallery?.ready);
        await act(page, states[name].act).catch((e) => console.log(name, e.message.split('\n')[0]));
        await page.waitForTimeout(250);
        await page.screenshot({ path: join(out, `${name}-${width}-${theme}-${lang}.png`), fullPage: !process.env.FOLD });
        for (const fault of await seen.take()) {
          console.log(`${name}: ${fault}`);
        }
      }
    }
  }
}
await browser.close();
server.close();
