import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LogCursor } from '../../src/delivery/log-cursor.ts';
import { testLog } from './log.ts';

test('looking at a log without a whole line holds no file open', () => {
  using log = testLog();
  writeFileSync(join(log.directory, 'audit.jsonl'), '{"time":');
  const folder = log.look();
  const cursor = new LogCursor(folder, { sinceMs: 0 });
  const open = () => readdirSync('/dev/fd').length;
  const before = open();
  for (let look = 0; look < 20; look += 1) assert.equal(cursor.next(1 << 20), undefined);
  assert.equal(open(), before);
  writeFileSync(join(log.directory, 'audit.jsonl'), '{"time":1}\n');
  folder.refresh({ final: true });
  assert.equal(cursor.next(1 << 20)?.bytes.toString(), '{"time":1}\n');
  assert.equal(open(), before + 1);
  cursor.close();
});
