import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import type { Tab } from '../world/browser/tab.ts';

const stepsMax = 120;

/** Goes to an element as a user without a mouse does: by the Tab key, forwards. */
async function tabTo(tab: Tab, target: Locator): Promise<void> {
  await tab.sees(target);
  const focused = tab.page.locator(':focus');
  for (let step = 0; step < stepsMax; step += 1) {
    if ((await target.and(focused).count()) > 0) return;
    await tab.page.keyboard.press('Tab');
  }
  assert.fail(`the keyboard does not reach ${String(target)}\n${await tab.describe()}`);
}

/** Goes there and presses a key. */
export async function press(tab: Tab, target: Locator, key = 'Enter'): Promise<void> {
  await tabTo(tab, target);
  await tab.page.keyboard.press(key);
}

/** Goes to a field and writes into it, in place of what is there. */
export async function write(tab: Tab, target: Locator, text: string): Promise<void> {
  await tabTo(tab, target);
  await tab.page.keyboard.press('Control+a');
  await tab.page.keyboard.type(text);
}
