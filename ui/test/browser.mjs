/* Headless Chromium with an empty profile, and a watch on all that a page must not do. For tests. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--disable-features=Translate,OptimizationHints,MediaRouter', '--font-render-hinting=none'];

export function findChromium() {
  return [process.env.PASSMESH_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path && existsSync(path));
}

export async function openBrowser() {
  const profile = mkdtempSync(join(tmpdir(), 'passmesh-ui-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findChromium(), headless: true, args: FLAGS, viewport: { width: 1440, height: 900 }, locale: 'en-US', timezoneId: 'UTC',
  });
  return {
    context,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** Collects console errors, policy violations and requests beyond the page's own origin. */
export async function watch(page, origin) {
  const faults = [];
  page.on('console', (m) => m.type() === 'error' && faults.push(`console: ${m.text()}`));
  page.on('pageerror', (e) => faults.push(`error: ${e.message}`));
  page.on('request', (r) => {
    const url = r.url();
    if (!url.startsWith(`${origin}/`) && !url.startsWith(`${origin.replace('http', 'ws')}/`)) {
      faults.push(`foreign request: ${url}`);
    }
  });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (e) => window.violations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));
  });
  return {
    faults,
    async take() {
      const violations = await page.evaluate(() => window.violations.splice(0));
      return [...faults.splice(0), ...violations.map((v) => `policy: ${v}`)];
    },
  };
}

/** The steps that bring a gallery state about. */
export async function act(page, steps = []) {
  for (const [verb, target, value] of steps) {
    if (verb === 'click') {
      await page.locator(target).first().click();
    } else if (verb === 'fill') {
      await page.locator(target).first().fill(value);
    } else if (verb === 'key') {
      await page.keyboard.press(target);
    } else if (verb === 'wait') {
      await page.locator(target).first().waitFor();
    } else if (verb === 'pause') {
      await page.waitForTimeout(target);
    } else if (verb === 'approve') {
      const rest = page.locator('[data-test=rest]');
      if (await rest.count()) {
        await rest.click();
      }
      await page.locator('[data-test=approve]:not([aria-disabled])').click();
    }
  }
}
