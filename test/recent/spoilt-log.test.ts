/** A log that another program has spoilt, or that cannot be read: less is known of earlier requests, and the server goes on. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { auditRecord } from '../../src/audit/record.ts';
import { LogTail } from '../../src/recent/log-tail.ts';
import { Recent } from '../../src/recent/recent.ts';

const at = Date.UTC(2026, 10, 26, 12);
const whole = auditRecord({
  at,
  durationMs: 1,
  operationName: 'SecretGet',
  apiVersion: '7.4',
  resourceId: '/vaults/one',
  status: 200,
  source: { kind: 'unknown', reason: 'test' },
  caller: undefined,
  correlationId: '',
  requestUri: undefined,
  objectId: 'https://one/secrets/s',
});
const allowed = { ...whole.properties, verdict: { allowed: true, because: 'ipRule', rule: '203.0.113.7' } };

test('a line that is not a whole record is left out, wherever it is spoilt', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoilt-'));
  try {
    const records = [
      whole,
      { ...whole, properties: null },
      { ...whole, time: 'x' },
      { ...whole, identity: { claim: null }, properties: allowed },
      { ...whole, properties: { ...allowed, verdict: { ...allowed.verdict, rule: 7 } } },
    ];
    writeFileSync(join(folder, 'audit.jsonl'), [...records.map((one) => JSON.stringify(one)), '{', ''].join('\n'));
    const { recent, notices } = recentOf(folder);
    await recent.warmed();
    assert.deepEqual(notices, []);
    const question = { from: undefined, limit: 10, isAsked: () => true, matches: () => true, failedOnly: false };
    const { entries } = await recent.log.read(question);
    assert.deepEqual(
      entries.map(({ objectId }) => objectId),
      ['https://one/secrets/s'],
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a log that cannot be read is said once', async () => {
  const { recent, notices } = recentOf('.', () => {
    throw new Error('EIO: i/o error, read');
  });
  await recent.warmed();
  assert.deepEqual(notices, ['the end of the audit log cannot be read: EIO: i/o error, read']);
});

function recentOf(folder: string, backward?: () => never) {
  const notices: string[] = [];
  const tail = LogTail.open(folder);
  if (backward !== undefined) Object.assign(tail, { backward });
  const recent = new Recent({ tail, permissions: new Map(), now: () => at, notice: (text) => notices.push(text) });
  return { recent, notices };
}
