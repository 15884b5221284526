import { suite, test } from 'node:test';
import { followPage } from './follow-page.ts';
import { followed } from './pages.ts';

suite('a page tells what to type, and it prints what the page shows', { concurrency: 1 }, () => {
  for (const [page, server] of Object.entries(followed)) test(page, () => followPage(page, server));
});
