import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { bytesOf } from '../world/browser/built-bytes.ts';

test('the bytes of a page are those that are sent, and those of its first view are of the files that it names', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-built-'));
  try {
    mkdirSync(join(folder, 'assets'));
    const [main, later, style] = ['main '.repeat(99), 'later '.repeat(99), 'p { color: red } '.repeat(99)];
    const files = {
      'index.html': '<script type="module" src="/portal/assets/main-1.js"></script>',
      'assets/main-1.js': main,
      'assets/main-1.js.gz': 'ten bytes.',
      'assets/later-2.js': later,
      'assets/main-1.css': style,
      'assets/picture.svg': 'neither',
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const zipped = (text: string) => gzipSync(text, { level: 9 }).length;
    assert.deepEqual(bytesOf(folder), { script: 10 + zipped(later), firstScript: 10, style: zipped(style) });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
