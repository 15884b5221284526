import { suite, test } from 'node:test';
import { followPage } from './follow-page.ts';
import { fabricPages } from './pages.ts';

suite('an ordinary user builds the networks of a page, and sees what it shows', { concurrency: 1 }, () => {
  for (const page of fabricPages) test(page, () => followPage(page, 'running', 'ordinary user'));
});
