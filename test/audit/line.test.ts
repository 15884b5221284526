import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lineFrame, readLine } from '../../src/audit/line.ts';
import { auditRecord } from '../../src/audit/record.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import { allowedByDefault, allowedByIpRule, allowedByVirtualNetworkRule, denied } from '../../src/firewall/decide.ts';
import type { AccessVerdict, Verdict } from '../../src/types/verdict.ts';
import { anyCharacter } from '../world/any-character.ts';
import { caller, request, subnetSource } from './request-events.ts';

const texts = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 40 }),
  fc.constantFrom(
    '"quoted\\"',
    'x'.repeat(5000),
    'https://kv/secrets/s?access_token=abc&x=1',
    'https://kv/eyJhbGciOiJSUzI1NiJ9.eyJzdWIi.x',
    '\u2028\ud800',
  ),
);
const maybe = fc.option(texts, { nil: undefined });
const { source: publicSource = { kind: 'unknown', reason: 'there is none' } } = request;
const sources = fc.constantFrom(publicSource, subnetSource, { kind: 'unknown', reason: 'no one said' } as const);
const verdicts = fc.constantFrom<Verdict>(
  allowedByDefault,
  allowedByIpRule(3),
  allowedByVirtualNetworkRule(0),
  {
    allowed: true,
    because: 'trustedService',
    service: 'Azure "Backup"',
    scenario: 'backup',
    inScenario: true,
  } as const,
  denied.ipv6,
);
const accesses = fc.constantFrom<AccessVerdict>(
  { allowed: true, because: 'accessPolicy', index: 2 } as const,
  { allowed: true, because: 'roleAssignment', assignment: 'a0000000-0000-0000-0000-000000000001', role: 'r' } as const,
  { allowed: false, because: 'noRoleAssignment' } as const,
);

const events = fc.record({
  at: fc.integer({ min: 0, max: 4e12 }),
  durationMs: fc.double({ min: -5, max: 1e6, noNaN: true }),
  operationName: fc.constantFrom('SecretGet', 'KeyList'),
  apiVersion: texts,
  resourceId: texts,
  source: sources,
  caller: fc.constantFrom(
    caller,
    { ...caller, issuerClass: 'external' as const, claims: { upn: 'ä"\\', scp: ['a', 'b'] } },
    { ...caller, applicationId: undefined },
  ),
  verdict: fc.option(verdicts, { nil: undefined }),
  rule: maybe,
  explanation: maybe,
  access: fc.option(accesses, { nil: undefined }),
  correlationId: texts,
  requestUri: texts,
  objectId: texts,
  userAgent: maybe,
  tlsVersion: fc.constantFrom('TLSv1.3', 'TLSv1.2', undefined),
  properties: fc.constantFrom(
    undefined,
    {},
    { keyProperties: { type: 'RSA', size: 2048 }, enabled: true, gone: undefined },
  ),
});

test('the line of a read is the same as the line of its record', () => {
  fc.assert(
    fc.property(events, (event) => {
      const whole: AuditEvent = { ...event, status: 200 };
      const line = readLine(lineFrame(event), event);
      const record = auditRecord(whole);
      assert.equal(line.text, JSON.stringify(record));
      assert.deepEqual([line.category, line.resourceId], [record.category, record.resourceId]);
      assert.deepEqual(JSON.parse(line.text), JSON.parse(JSON.stringify(record)));
    }),
    { numRuns: 2000 },
  );
});
