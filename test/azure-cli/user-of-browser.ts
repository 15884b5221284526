/**
 * Takes the place of a person's browser: it is started with the address of a sign-in page, fills it in, and goes where
 * it leads.
 */
import { browserAt } from '../authority/browser-at.ts';
import { redirectOf } from '../authority/browser.ts';

const [address = ''] = process.argv.slice(2);
const { ca, login, passwd } = JSON.parse(process.env['POSTERN_TEST'] ?? '{}') as Record<
  'ca' | 'login' | 'passwd',
  string
>;
const browser = browserAt({ port: Number(new URL(address).port), ca });
const answer = await browser.submit(await browser.open(address), { login, passwd });
await fetch(redirectOf(answer));
