import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { linesOf } from './log-lines.ts';

const rounds = 16;
const program = new URL('writer.ts', import.meta.url).pathname;

/** Lets a writer work for `lifeMs` after its first acknowledgement, and kills it. Returns its output. */
async function killedAfter(directory: string, round: string, lifeMs: number): Promise<string> {
  const writer = spawn(process.execPath, [program, directory, round], { stdio: ['ignore', 'pipe', 'pipe'] });
  writer.stdout.once('data', () => setTimeout(() => writer.kill('SIGKILL'), lifeMs));
  let notices = '';
  writer.stderr.setEncoding('utf8').on('data', (text: string) => (notices += text));
  await once(writer, 'close');
  return notices;
}

test('whenever a process is killed, each acknowledged record is in the log once and every line is whole', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'postern-kill-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const silentOrTorn = /^(The audit log ended in an unfinished line.*\n)?$/;
  for (let round = 0; round < rounds; round += 1) {
    assert.match(await killedAfter(directory, String(round), randomInt(120)), silentOrTorn);
  }
  assert.match(await killedAfter(directory, 'drain', 0), silentOrTorn);
  const acknowledged = readFileSync(join(directory, 'acknowledged'), 'utf8').split('\n').slice(0, -1);
  assert.ok(acknowledged.length > rounds);

  const names = linesOf(join(directory, 'audit')).map(({ correlationId }) => correlationId);
  const logged = new Set(names);
  assert.equal(logged.size, names.length, 'a record is in the log twice');
  assert.deepEqual(
    acknowledged.filter((name) => !logged.has(name)),
    [],
  );

  const store = await openSqliteStore({ file: join(directory, 'store.sqlite') });
  const changed = await store.list({ prefix: 'changed/', limit: 1_000_000 });
  const waiting = await store.list({ prefix: 'outbox/', limit: 1 });
  await store.close();
  assert.deepEqual(waiting, []);
  assert.deepEqual(
    names.filter((name) => name.startsWith('change-')).toSorted(),
    changed.map(({ key }) => key.slice('changed/'.length)).toSorted(),
    'the log has a record for every change that was made, and for no other',
  );
});
