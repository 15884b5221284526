import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deadLinks, errorsUndocumented, roomsUnknown } from './documents.ts';

describe('the check of links', () => {
  const other = { path: 'docs/other.md', text: '# Other: `things`, and more\n' };
  const picture = { path: 'docs/pictures/a.svg', text: '' };
  const dead = (text: string) => {
    const document = { path: 'docs/a.md', text };
    return deadLinks(document, [document, other, picture]);
  };

  it('refuses a file or heading that is not there', () => {
    assert.deepEqual(dead('[x](missing.md) and [y](../other.md)'), [
      'docs/a.md: there is no file docs/missing.md (missing.md)',
      'docs/a.md: there is no file other.md (../other.md)',
    ]);
    assert.deepEqual(dead('[x](other.md#others)'), ['docs/a.md: docs/other.md has no heading #others']);
    assert.deepEqual(dead('# A\n[x](#b)'), ['docs/a.md: docs/a.md has no heading #b']);
  });

  it('accepts files, folders, headings, addresses elsewhere and code', () => {
    const text =
      '# A b\n[1](other.md) [2](other.md#other-things-and-more) [3](#a-b) [4](pictures) [5](pictures/a.svg#x)';
    assert.deepEqual(dead(`${text} [6](https://example.org/a.md) \`[7](x.md)\`\n\`\`\`\n[8](x.md)\n\`\`\`\n`), []);
  });
});

describe('the check of errors', () => {
  const table = { firewall: { status: 403, code: 'Forbidden', innerCode: 'ForbiddenByFirewall', message: () => 'x' } };
  const heading = '# Errors\n\nText.\n\n## The vault: `data-plane`\n\n| kind | status | code |\n| --- | --- | --- |\n';
  const row = '| `firewall` | 403 | `Forbidden`, inner `ForbiddenByFirewall` |\n';
  const check = (markdown: string) => errorsUndocumented(markdown, new Map([['data-plane', table]]));

  it('accepts a table that says the same as the code', () => {
    assert.deepEqual(check(`${heading}${row}\n## Notes\n\n| \`other\` | x |\n`), []);
  });

  it('refuses an error that only one of them has', () => {
    assert.deepEqual(check(heading), ['data-plane: firewall is in errors.ts, and not in docs/reference/errors.md']);
    assert.deepEqual(check(`${heading}${row}| \`gone\` | 404 |\n`), [
      'data-plane: gone is in docs/reference/errors.md, and not in errors.ts',
    ]);
  });

  it('refuses another status or code', () => {
    assert.deepEqual(check(heading + row.replace('403', '401')), [
      'data-plane: firewall: docs/reference/errors.md does not say that its status is 403',
    ]);
    assert.deepEqual(check(heading + row.replace('ForbiddenByFirewall', 'ForbiddenByFirewalls')), [
      'data-plane: firewall: docs/reference/errors.md does not say that its innerCode is ForbiddenByFirewall',
    ]);
  });

  it('refuses a missing section, and one of a room that has no errors', () => {
    assert.deepEqual(check('# Errors\n'), ['docs/reference/errors.md has no section whose heading names `data-plane`']);
    assert.deepEqual(errorsUndocumented(heading, new Map()), [
      'docs/reference/errors.md speaks of data-plane, which has no errors.ts',
    ]);
  });
});

describe('the check of rooms', () => {
  const files = [
    { path: 'src/store/store.ts', text: '' },
    { path: 'src/main.ts', text: '' },
  ];

  it('accepts the same rooms everywhere', () => {
    assert.deepEqual(roomsUnknown(['store'], files, 'the room `store/`'), []);
  });

  it('refuses a room that one of them lacks', () => {
    assert.deepEqual(roomsUnknown(['store', 'audit'], files, '`store/`, `audit/`'), [
      'tools/rooms.ts has audit, and src/ does not',
    ]);
    assert.deepEqual(roomsUnknown([], files, ''), ['src/ has store, and tools/rooms.ts does not']);
    assert.deepEqual(roomsUnknown(['store'], files, 'the store'), ['ARCHITECTURE.md does not describe `store/`']);
  });
});
