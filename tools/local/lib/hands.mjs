// Two ways to use a page: with the mouse, and by keyboard alone.

const TABS_MAX = 120;

export const mouse = {
  name: 'mouse',
  press: (page, selector) => page.locator(selector).first().click(),
  type: (page, selector, text) => page.locator(selector).first().fill(text),
  choose: (page, selector, label) => page.locator(selector).first().selectOption({ label }),
};

export const keyboard = {
  name: 'keyboard',
  async reach(page, selector) {
    await page.locator(selector).first().waitFor();
    for (let i = 0; i < TABS_MAX; i++) {
      if (await page.evaluate((s) => document.activeElement?.matches(s), selector)) {
        return;
      }
      await page.keyboard.press('Tab');
    }
    throw new Error(`Tab never reaches ${selector}`);
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
  async choose(page, selector, label) {
    await this.reach(page, selector);
    await page.keyboard.type(label); /* a closed list moves to the entry that begins so */
  },
};
