import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pageFaults } from './document-page.ts';
import { documentSentences } from './document-sentences.ts';
import { readTree } from './tree.ts';

const root = new URL('../../', import.meta.url);

it('docs/reference/document.md has every sentence of the document, with tests that exist', async () => {
  const page = await readFile(new URL('docs/reference/document.md', root), 'utf8');
  assert.deepEqual(pageFaults(page, documentSentences, await readTree(fileURLToPath(root))), []);
});

describe('the check of the page', () => {
  const files = [{ path: 'test/a.test.ts', text: "test('a thing works', () => {});" }];
  const shown = '- [test/a.test.ts](../../test/a.test.ts): `a thing works`\n';
  const section = (number: number, quote: string, rest: string) =>
    `### ${number}\n\n> ${quote}\n\nIt does.\n\n${rest}\n`;
  const faults = (page: string) => pageFaults(page, ['One.', 'Two.'], files);

  it('accepts sentences in order, each with a test or with what is missing', () => {
    assert.deepEqual(faults(section(1, 'One.', shown) + section(2, 'Two.', '**Not yet:** that.')), []);
  });

  it('refuses a sentence that is missing, misquoted or in another place', () => {
    assert.deepEqual(faults(section(1, 'One.', shown)), ['nothing is said of: Two.']);
    assert.deepEqual(faults(section(2, 'Two.', shown) + section(1, 'One.', shown)), [
      '2 comes where 1 should be',
      '1 comes where 2 should be',
    ]);
    assert.deepEqual(faults(section(1, 'Won.', shown) + section(2, 'Two.', shown)), [
      '1: it quotes "Won.", and the document says "One."',
    ]);
  });

  it('refuses a sentence that nothing is said of, or that nothing shows', () => {
    const bare = `### 1\n\n> One.\n\n${shown}\n`;
    assert.deepEqual(faults(bare + section(2, 'Two.', '')), [
      '1: it does not say what is done',
      '2: it names no test, and does not say that there is none',
    ]);
  });

  it('refuses a test whose file or title does not exist', () => {
    const renamed = shown.replace('works', 'worked');
    const moved = shown.replaceAll('a.test.ts', 'b.test.ts');
    assert.deepEqual(faults(section(1, 'One.', renamed) + section(2, 'Two.', moved)), [
      '1: test/a.test.ts has no test "a thing worked"',
      '2: there is no test file test/b.test.ts',
    ]);
  });
});
