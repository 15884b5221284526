import assert from 'node:assert/strict';
import { axeFaults } from './axe.ts';
import { lookAs, looks } from './look.ts';
import type { Tab } from './tab.ts';

/**
 * Fails unless every user can use the page as it is now: in each of the looks, axe finds nothing and no user scrolls
 * sideways. A look is put on without loading the page again, which keeps its state; the first look is on it afterwards.
 */
export async function expectUsable(tab: Tab): Promise<void> {
  const found: string[] = [];
  for (const [name, look] of Object.entries(looks)) {
    await lookAs(tab.page, look);
    found.push(...(await axeFaults(tab)).map((fault) => `${name}: ${fault}`));
    const px = await tab.excessWidthPx();
    if (px > 0) found.push(`${name}: the page is ${px} px wider than its window`);
  }
  await lookAs(tab.page, {});
  if (found.length > 0) assert.fail(`${found.join('\n')}\n${await tab.describe()}`);
}
