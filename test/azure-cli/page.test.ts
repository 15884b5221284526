import { test } from 'node:test';
import { followPage } from '../documents/follow-page.ts';
import { azureCliPage } from '../documents/pages.ts';

test(`${azureCliPage} tells what to type, and it prints what the page shows`, () =>
  followPage(azureCliPage, 'running'));
