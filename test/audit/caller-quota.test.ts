import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { openAudit } from '../../src/audit/audit.ts';
import { CallerQuota, defaultCallerQuota, refusalSummaries } from '../../src/audit/caller-quota.ts';
import type { CallerQuotaSettings } from '../../src/audit/caller-quota.ts';
import { openAuditLog } from '../../src/audit/log.ts';
import { defaultQuota } from '../../src/audit/quota.ts';
import { auditRecord } from '../../src/audit/record.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import { memoryStore } from '../../src/store/memory.ts';
import type { Caller } from '../../src/types/caller.ts';
import type { Source } from '../../src/types/source.ts';
import { linesOf } from './log-lines.ts';
import { caller, request } from './request-events.ts';

const start = Date.UTC(2026, 0, 1);
const plenty = { burst: 1000, perSecond: 0 };
const nothing = { burst: 0, perSecond: 0 };

const settings: CallerQuotaSettings = {
  ...defaultCallerQuota,
  perSource: { burst: 2, perSecond: 0.5 },
  perCaller: plenty,
  perIssuer: plenty,
  overall: plenty,
  firsts: nothing,
  issuerFirsts: nothing,
  overallFirsts: nothing,
};

const from = (text: string): Source => ({
  kind: 'public',
  address: { family: 4, value: 1, text },
});

/** A refusal by the firewall. */
const refusal = (changes: Partial<AuditEvent> = {}) =>
  auditRecord({
    ...request,
    status: 403,
    message: 'Client address is not authorized and caller is not a trusted service.',
    verdict: { allowed: false, because: 'noIpRule' },
    ...changes,
  });
const named = (objectId: string): Caller => ({ ...caller, objectId });

suite('the quota of refused callers', () => {
  test('is separate for each caller at each source, and refills with time', () => {
    const quota = new CallerQuota(settings);
    const admit = (who: Caller, address: string, later = 0) =>
      quota.admit(refusal({ source: from(address) }), who, start + later);
    const [ada, ben] = [named('ada'), named('ben')];
    const asked = [
      admit(ada, '203.0.113.1'),
      admit(ada, '203.0.113.1'),
      admit(ada, '203.0.113.1'),
      admit(ada, '203.0.113.2'),
      admit(ben, '203.0.113.1'),
      admit(ada, '203.0.113.1', 2000),
    ];
    assert.deepEqual(asked, [true, true, false, true, true, true]);
  });

  test('has one limit for a caller, however many addresses it has, and one for all', () => {
    const ofCaller = new CallerQuota({ ...settings, perCaller: { burst: 3, perSecond: 0 } });
    const ofAll = new CallerQuota({ ...settings, overall: { burst: 3, perSecond: 0 } });
    const asked = [1, 2, 3, 4].map((n) => ofCaller.admit(refusal({ source: from(`203.0.113.${n}`) }), caller, start));
    assert.deepEqual(asked, [true, true, true, false]);
    assert.equal(ofCaller.admit(refusal(), named('other'), start), true);
    const everybody = ['a', 'b', 'c', 'd'].map((id) => ofAll.admit(refusal(), named(id), start));
    assert.deepEqual(everybody, [true, true, true, false]);
  });

  for (const [what, other] of [
    ['reason', { verdict: { allowed: false, because: 'ipv6' } }],
    ['status', { status: 404, verdict: undefined }],
    ['operation', { operationName: 'KeySign' }],
    ['resource', { resourceId: '/subscriptions/s/vaults/other' }],
    ['source', { source: from('198.51.100.9') }],
  ] as const) {
    test(`gives the first refusal of another ${what} a record in a flood, and the second none`, () => {
      const few = { burst: 5, perSecond: 0 };
      const quota = new CallerQuota({ ...settings, perCaller: few, firsts: plenty, overallFirsts: plenty });
      const flood = Array.from({ length: 100 }, () => quota.admit(refusal(), caller, start));
      assert.equal(flood.filter(Boolean).length, 2);
      for (let n = 0; n < 5; n += 1) quota.admit(refusal({ source: from(`192.0.2.${n}`) }), caller, start);
      assert.equal(quota.admit(refusal(other), caller, start), true);
      assert.equal(quota.admit(refusal(other), caller, start), false);
    });
  }

  test('ends for a caller that finds new kinds without end', () => {
    const quota = new CallerQuota({
      ...settings,
      perSource: nothing,
      firsts: { burst: 10, perSecond: 0 },
      overallFirsts: plenty,
    });
    const asked = Array.from({ length: 10_000 }, (_, n) =>
      quota.admit(refusal({ resourceId: `/vaults/${n}` }), caller, start),
    );
    assert.equal(asked.filter(Boolean).length, 10);
    assert.equal(quota.admit(refusal(), named('other'), start), true, 'another caller has its own quota');
  });

  test('leaves room for others beside an issuer that names any number of callers', () => {
    const quota = new CallerQuota(defaultCallerQuota);
    const madeUp = (n: number): Caller => ({
      ...named(`made up ${n}`),
      issuerClass: 'external',
      issuer: 'https://issuer.example',
    });
    const ask = (who: Caller) => quota.admit(refusal({ caller: who }), who, start);
    const asked = Array.from({ length: 10_000 }, (_, n) => ask(madeUp(n)));
    assert.equal(asked.filter(Boolean).length, 1600, 'half of what all have, and half of the first ones');
    const others = Array.from({ length: 50 }, (_, n) => named(`other ${n}`));
    assert.ok(others.every((other) => ask(other)));
    for (const other of others) while (ask(other));
    const callers = refusalSummaries(quota.takeSuppressed()).map(({ identity }) => JSON.stringify(identity ?? null));
    assert.equal(callers.filter((text) => /"oid":"other \d+"/.test(text)).length, 50, 'each is counted separately');
  });

  test('counts by kind, then by caller, then together', () => {
    const quota = new CallerQuota({ ...settings, perSource: nothing, kinds: 3, kindsPerCaller: 2, callers: 1 });
    const late = { at: request.at + 60_000, correlationId: 'late' };
    const [ada, ben, cyd] = [named('ada'), named('ben'), named('cyd')];
    const count = (who: Caller, changes: Partial<AuditEvent>) =>
      quota.admit(refusal({ caller: who, ...changes }), who, start);
    count(ada, {});
    count(ada, late);
    count(ada, { operationName: 'KeySign' });
    for (const resourceId of ['/a', '/b', '/c']) count(ada, { resourceId });
    count(ben, {});
    count(cyd, {});
    const [kind, , ofAda, ofBen, others] = refusalSummaries(quota.takeSuppressed());
    assert.deepEqual(kind, {
      time: '2022-06-30T12:00:25.4110000Z',
      resourceId: request.resourceId.toUpperCase(),
      category: 'AuditEvent',
      operationName: 'SecretGet',
      operationVersion: '7.4',
      resultType: 'Success',
      resultSignature: 'Forbidden',
      resultDescription:
        '2 more requests were refused and have no records of their own. ' +
        'The first: Client address is not authorized and caller is not a trusted service.',
      durationMs: '0',
      callerIpAddress: '203.0.113.7',
      correlationId: request.correlationId,
      identity: refusal({ caller: ada }).identity,
      properties: {
        httpStatusCode: 403,
        suppressed: 2,
        reasons: { '403 noIpRule': 2 },
        firstTime: '2022-06-30T11:59:25.4110000Z',
        lastTime: '2022-06-30T12:00:25.4110000Z',
      },
    });
    assert.deepEqual(ofAda?.properties['reasons'], { '403 noIpRule': 3 });
    assert.deepEqual(ofAda.properties['caller'], refusal({ caller: ada }).identity);
    assert.equal(ofBen?.operationName, 'SecretGet');
    assert.equal(others?.properties['suppressed'], 1);
    assert.equal(others.properties['caller'], undefined);
    assert.deepEqual(refusalSummaries(quota.takeSuppressed()), []);
  });

  test('keeps counts that could not be written', () => {
    const quota = new CallerQuota({ ...settings, perSource: nothing });
    quota.admit(refusal(), caller, start);
    const suppressed = quota.takeSuppressed();
    quota.admit(refusal(), caller, start);
    quota.putBack(suppressed);
    const counts = refusalSummaries(quota.takeSuppressed()).map(({ properties }) => properties['suppressed']);
    assert.deepEqual(counts, [2]);
  });
});

suite('a flood of 20,000 refusals', () => {
  for (const [whose, callerOf] of [
    ['of one caller', () => caller],
    ['of 2,000 callers', (n: number) => named(`caller-${n % 2000}`)],
  ] as const) {
    test(`${whose}, each with the longest URL, writes a bounded number of bytes, and each is counted`, async (t) => {
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
      const [random, store] = [randomBytes, memoryStore()];
      const audit = await openAudit({ store, log, now: () => start, random, quota: defaultQuota, notice });
      const requestUri = `https://kv.vault.localhost/secrets/${'x'.repeat(8000)}`;
      const text = JSON.stringify(refusal({ requestUri })).length;
      assert.ok(text < 3000, `${text} characters`);
      for (let n = 0; n < 20_000; n += 1) {
        const who = callerOf(n);
        const written = audit.refused(refusal({ requestUri, caller: who, objectId: requestUri }), who);
        if (n % 1000 === 0) await written;
      }
      await audit.close();
      const bytes = readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
      assert.ok(bytes < 5_000_000, `${bytes} bytes`);
      const records = linesOf(directory);
      const counted = records.map(({ properties }) => Number(properties['suppressed'] ?? 1));
      assert.equal(
        counted.reduce((sum, n) => sum + n, 0),
        20_000,
      );
      assert.ok(records.length > 1);
    });
  }
});
