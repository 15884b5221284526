/** The lines on the server's terminal for what a firewall refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditRecord } from '../../src/audit/record.ts';
import { servicesTenant } from '../../src/types/caller.ts';
import type { Caller } from '../../src/types/caller.ts';
import type { Source } from '../../src/types/source.ts';
import { DenialLines } from '../../src/worker/denial-lines.ts';

const caller: Caller = {
  issuer: '',
  issuerClass: 'own',
  tenant: '',
  objectId: 'o',
  applicationId: 'app-1',
  groups: [],
  managedIdentity: undefined,
  usedBy: undefined,
  audience: '',
  notBefore: 0,
  expiresAt: 0,
  claims: {},
};

const fromAddress: Source = { kind: 'public', address: { family: 4, value: 3_405_803_784, text: '203.0.113.8' } };

function refused(source: Source = fromAddress, by: Partial<Caller> = {}, operationName = 'SecretGet') {
  return auditRecord({
    at: 0,
    durationMs: 1,
    operationName,
    apiVersion: '7.4',
    resourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/Demo',
    status: 403,
    source,
    caller: { ...caller, ...by },
    verdict: { allowed: false, because: 'noIpRule' },
    explanation: 'Denied: it is not known where from.',
    correlationId: '',
    requestUri: undefined,
  });
}

function linesOf(...times: readonly number[]): readonly string[] {
  const written: string[] = [];
  let nowMs = 0;
  const lines = new DenialLines({
    write: (line) => written.push(line),
    now: () => nowMs,
    permissions: new Map([['KeyGet', 'keys/get']]),
    data: 'some/data',
  });
  for (nowMs of times) lines.add(refused());
  return written;
}

function lineOf(...given: Parameters<typeof refused>): string {
  const written: string[] = [];
  const permissions = new Map([['KeyGet', 'keys/get'] as const]);
  new DenialLines({ write: (line) => written.push(line), now: () => 0, permissions, data: "a b'c" }).add(
    refused(...given),
  );
  return written.join('\n');
}

test('a line names the vault, the operation, the address and the caller, and the command that explains it', () => {
  assert.deepEqual(linesOf(0), [
    'Refused by the firewall of demo: SecretGet from 203.0.113.8 by app-1. postern explain --vault demo --from 203.0.113.8 --data some/data',
  ]);
  const subnet = '/x/virtualnetworks/net/subnets/sub';
  const address = { family: 4, value: 1, text: '10.0.0.4' } as const;
  assert.equal(
    lineOf(
      { kind: 'subnet', subnet, incarnation: 'i', address, assurance: 'enforced' },
      { issuerClass: 'services', tenant: servicesTenant },
      'KeyGet',
    ),
    String.raw`Refused by the firewall of demo: KeyGet from 10.0.0.4 (net/sub) by app-1.` +
      String.raw` postern explain --vault demo --from 10.0.0.4 --subnet net/sub --as app-1 --permission keys/get --data 'a b'\''c'`,
  );
  assert.equal(
    lineOf({ kind: 'unknown', reason: 'gone' }),
    'Refused by the firewall of demo: SecretGet from an unknown place by app-1. Denied: it is not known where from.',
  );
});

test('a caller cannot write to the terminal with its name', () => {
  assert.match(lineOf(fromAddress, { claims: { upn: 'a\u001b]0;x\u0007\nb\u202e' } }), / by a\?\]0;x\?\?b\?\. postern/);
});

test('of more than three in a second the rest is counted', () => {
  const lines = linesOf(0, 1, 2, 3, 4, 1001);
  assert.equal(lines.length, 5);
  assert.equal(lines[3], 'Refused by a firewall: 2 more. postern activity --denied --data some/data');
  assert.match(lines[4] ?? '', /^Refused by the firewall of demo/);
});
