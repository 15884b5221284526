import assert from 'node:assert/strict';
import type { Tab } from './tab.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Fills in the server's sign-in page, and waits for the page that follows. Fails with the page's error, if it has one. */
export async function signIn(tab: Tab, credentials: Credentials): Promise<void> {
  await tab.sees(tab.page.getByRole('heading', { name: 'Sign in' }));
  await submit(tab, credentials);
  if ((await tab.page.getByLabel('Password').count()) === 0) return;
  const errors = await tab.page.getByRole('alert').allInnerTexts();
  assert.fail(`${errors.join('\n')}\n${await tab.describe()}`);
}

/** Sends what is filled in, and waits for the next page, whichever that is. */
export async function submit({ page }: Tab, { user, password }: Credentials): Promise<void> {
  await page.getByLabel('User name').fill(user);
  await page.getByLabel('Password').fill(password);
  await Promise.all([page.waitForEvent('domcontentloaded'), page.getByRole('button', { name: 'Sign in' }).click()]);
}
