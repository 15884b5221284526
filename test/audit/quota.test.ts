import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';
import { openAudit } from '../../src/audit/audit.ts';
import { openAuditLog } from '../../src/audit/log.ts';
import { defaultQuota, summaries, take, UnauthenticatedQuota } from '../../src/audit/quota.ts';
import type { QuotaSettings } from '../../src/audit/quota.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { linesOf } from './log-lines.ts';
import { stranger } from './request-events.ts';

const start = Date.UTC(2026, 0, 1);

const small: QuotaSettings = {
  perSource: { burst: 2, perSecond: 0.5 },
  overall: { burst: 100, perSecond: 10 },
  sources: 3,
  summaries: 2,
};

suite('a token bucket', () => {
  const rate = { burst: 2, perSecond: 0.5 };
  const cases = [
    { name: 'is full when it is new', bucket: undefined, later: 0, left: 1 },
    { name: 'gives its last token', bucket: 1, later: 0, left: 0 },
    { name: 'gives nothing below one', bucket: 0.99, later: 0, left: undefined },
    { name: 'is not refilled a moment early', bucket: 0, later: 1999, left: undefined },
    { name: 'is refilled in time', bucket: 0, later: 2000, left: 0 },
    { name: 'never holds more than its burst', bucket: 1, later: 1e9, left: 1 },
    { name: 'loses nothing when the clock goes back', bucket: 1, later: -1e9, left: 0 },
  ];
  for (const { name, bucket, later, left } of cases) {
    test(name, () => {
      const before = bucket === undefined ? undefined : { tokens: bucket, at: start };
      assert.equal(take(before, rate, start + later)?.tokens, left);
    });
  }
});

suite('the quota of unauthenticated requests', () => {
  test('is separate for each source', () => {
    const quota = new UnauthenticatedQuota(small);
    const asked = ['203.0.113.1', '203.0.113.1', '203.0.113.1', '203.0.113.2'];
    assert.deepEqual(
      asked.map((address) => quota.admit(stranger(address), start)),
      [true, true, false, true],
    );
    assert.equal(quota.admit(stranger('203.0.113.1'), start + 2000), true);
  });

  test('is shared by an IPv6 /64, however an address is written', () => {
    const quota = new UnauthenticatedQuota(small);
    const from = (callerIpAddress: string) => quota.admit({ ...stranger('0.0.0.0'), callerIpAddress }, start);
    assert.deepEqual(['2001:db8::1', '2001:db8:0:0:1::2', '2001:db8:0:0:ffff:1:2:3'].map(from), [true, true, false]);
    assert.deepEqual(['2001:db8:0:1::1', '::1', '::'].map(from), [true, true, true]);
  });

  test('is separate for each subnet, even with the same addresses', () => {
    const quota = new UnauthenticatedQuota({ ...small, perSource: { burst: 1, perSecond: 0 } });
    const from = (subnetId: string) =>
      quota.admit({ ...stranger('10.0.0.4'), properties: { httpStatusCode: 401, subnetId } }, start);
    assert.deepEqual(['/a', '/b', '/a'].map(from), [true, true, false]);
  });

  test('of all together limits many sources', () => {
    const quota = new UnauthenticatedQuota({ ...small, overall: { burst: 3, perSecond: 0 } });
    const asked = [1, 2, 3, 4].map((last) => quota.admit(stranger(`203.0.113.${last}`), start));
    assert.deepEqual(asked, [true, true, true, false]);
  });

  test('forgets the source that was quiet longest, so that its table is bounded', () => {
    const quota = new UnauthenticatedQuota({ ...small, perSource: { burst: 1, perSecond: 0 } });
    const from = (last: number) => quota.admit(stranger(`203.0.113.${last}`), start);
    assert.deepEqual([1, 2, 3, 3, 1, 4, 1].map(from), [true, true, true, false, false, true, true]);
  });

  test('counts the rest by vault and source, and together when there are too many', () => {
    const quota = new UnauthenticatedQuota({ ...small, perSource: { burst: 0, perSecond: 0 } });
    const late = { ...stranger('203.0.113.1'), time: '2022-06-30T12:00:00.0000000Z', correlationId: 'later' };
    for (const record of [stranger('203.0.113.1'), late, stranger('203.0.113.1', 'other')]) quota.admit(record, start);
    for (const address of ['203.0.113.2', '203.0.113.3', '203.0.113.3']) quota.admit(stranger(address), start);
    const [first, second, others, ...more] = summaries(quota.takeSuppressed());
    assert.deepEqual(more, []);
    assert.deepEqual(first, {
      time: '2022-06-30T12:00:00.0000000Z',
      resourceId: '/VAULTS/KV',
      category: 'AuditEvent',
      operationName: 'Authentication',
      operationVersion: '',
      resultType: 'Success',
      resultSignature: 'Unauthorized',
      resultDescription: '2 more unauthenticated requests were refused and have no records of their own.',
      durationMs: '0',
      callerIpAddress: '203.0.113.1',
      correlationId: '1e00f8e4-0000-0000-0000-000000000006',
      properties: {
        httpStatusCode: 401,
        suppressed: 2,
        firstTime: '2022-06-30T11:59:25.4110000Z',
        lastTime: '2022-06-30T12:00:00.0000000Z',
      },
    });
    assert.equal(second?.resourceId, '/VAULTS/OTHER');
    assert.equal(second?.properties['suppressed'], 1);
    assert.equal(others?.resourceId, '');
    assert.equal(others?.callerIpAddress, undefined);
    assert.equal(others?.properties['suppressed'], 3);
  });

  test('keeps counts that could not be written', () => {
    const quota = new UnauthenticatedQuota({ ...small, perSource: { burst: 0, perSecond: 0 } });
    for (const last of [1, 2, 3, 4]) quota.admit(stranger(`203.0.113.${last}`), start);
    const suppressed = quota.takeSuppressed();
    for (const last of [9, 4, 1]) quota.admit(stranger(`203.0.113.${last}`), start);
    quota.putBack(suppressed);
    const counted = summaries(quota.takeSuppressed());
    assert.equal(
      counted.reduce((sum, { properties }) => sum + Number(properties['suppressed']), 0),
      7,
    );
    assert.deepEqual(
      counted.map(({ callerIpAddress }) => callerIpAddress),
      ['203.0.113.9', '203.0.113.4', undefined],
    );
  });
});

suite('a flood of 100,000 unauthenticated requests', () => {
  const floods = [
    { from: 'one address', address: () => '203.0.113.7' },
    { from: '65,536 addresses', address: (n: number) => `203.0.${(n >> 8) & 255}.${n & 255}` },
  ];
  for (const { from, address } of floods) {
    test(`from ${from} writes a bounded number of bytes, and each is counted`, async (t) => {
      const directory = mkdtempSync(join(tmpdir(), 'postern-audit-'));
      t.after(() => rmSync(directory, { recursive: true }));
      t.mock.timers.enable({ apis: ['setTimeout'] });
      const notice = assert.fail;
      const log = openAuditLog({
        directory,
        maxBytes: 1 << 26,
        files: 1,
        keepMs: 0,
        fsync: false,
        now: Date.now,
        notice,
      });
      let now = start;
      const audit = await openAudit({
        store: memoryStore(),
        log,
        now: () => now,
        random: randomBytes,
        quota: defaultQuota,
        notice,
      });
      for (let n = 0; n < 100_000; n += 1) {
        if (n === 50_000) {
          t.mock.timers.tick(60_000);
          now += 60_000;
        }
        const written = audit.unauthenticated(stranger(address(n)));
        if (n % 1000 === 0) await written;
      }
      await audit.close();

      const bytes = readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
      assert.ok(bytes < 1_000_000, `${bytes} bytes`);
      const records = linesOf(directory);
      const counted = records.map(({ properties }) => Number(properties['suppressed'] ?? 1));
      assert.equal(
        counted.reduce((sum, n) => sum + n, 0),
        100_000,
      );
      const summed = records.filter(({ properties }) => 'suppressed' in properties);
      assert.ok(summed.length >= 2 && summed.length <= 2 * 17, `${summed.length} summaries`);
    });
  }
});
