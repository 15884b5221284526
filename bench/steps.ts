/**
 * The cost of each step of a GET in microseconds, alone and warm: the parts of the request that `bench/http.ts`
 * measures as a whole.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authorize } from '../src/access/access-policies.ts';
import { openAuditLog } from '../src/audit/log.ts';
import { auditRecord } from '../src/audit/record.ts';
import { ownIssuers } from '../src/authority/issuer.ts';
import { admit, createVerifier } from '../src/caller/verify.ts';
import { createIssuers } from '../src/caller/issuers.ts';
import { decide } from '../src/firewall/decide.ts';
import { explain } from '../src/firewall/explain.ts';
import { matchHost } from '../src/http/host.ts';
import { vaultScope } from '../src/objects/object.ts';
import { getVersion } from '../src/objects/read.ts';
import { readAlone } from '../src/store/records.ts';
import type { Source } from '../src/types/source.ts';
import { putVault } from '../test/data-plane/vaults.ts';
import { startServer } from '../test/world/server.ts';
import { addressRules } from './rules.ts';

const operation = { name: 'SecretGet', permission: 'secrets/get' } as const;
const source: Source = { kind: 'public', address: { family: 4, value: 0xcb007107, text: '203.0.113.7' } };
const rows: [string, number][] = [];

await using world = await startServer();
const { client, server, folder } = world;
const { tenantId } = client.identity;
await putVault(client, 'bench', { networkAcls: addressRules });
await client.vault('bench', 'PUT', '/secrets/name', { body: { value: 'a value of some forty characters, as usual' } });

const vault = await server.rulebook.load('bench');
if (vault === undefined || vault.access === 'rbac') throw new Error('the vault does not exist');
const { access, firewall, firewallSettings: settings } = vault;
const token = await client.token('vault');
const issuers = createIssuers(ownIssuers(tenantId, server.signingKeys));
const verifier = createVerifier({ issuers, now: Date.now, cacheSize: 1000, groupsOf: () => Promise.resolve([]) });
const verified = await verifier.verify(token);
if (!verified.ok) throw new Error(verified.refusal.kind);
const { caller } = verified;
const { store } = folder;
const scoped = { transitionMs: 0, nowMs: Date.now(), require: [vault.requirement] };
const scope = vaultScope(vault, scoped);
const verdict = decide(firewall, source, caller, operation);
const host = new URL(client.vaultOrigin('bench')).host;
const directory = mkdtempSync(join(tmpdir(), 'postern-bench-'));
const log = openAuditLog({
  directory,
  maxBytes: 1e9,
  files: 1,
  keepMs: 0,
  fsync: false,
  now: Date.now,
  notice: () => undefined,
});
const event = {
  at: Date.now(),
  durationMs: 1,
  operationName: operation.name,
  apiVersion: '7.4',
  resourceId: vault.id,
  status: 200,
  source,
  caller,
  verdict,
  correlationId: '27449bfb-94de-4eb1-8701-423fa5965050',
  requestUri: `https://${host}/secrets/name?api-version=7.4`,
  tlsVersion: 'TLSv1.3',
};

await step('name set and vault from Host', () => matchHost({ sets: [server.names] }, host));
await step('token, verified before: digest, cache, audience, tenant, time', () => {
  const known = verifier.verifyCached(token);
  if (known === undefined) throw new Error('not cached');
  return admit(known, {
    tenant: tenantId,
    services: true,
    audiences: [server.names.vaultResource],
    now: Date.now(),
    skewSeconds: 300,
  });
});
await step('firewall, 127 rules', () => decide(firewall, source, caller, operation));
await step('permission', () => authorize(access, caller, 'secrets/get'));
await step('read: rules and secret in one snapshot, unsealed, parsed', () =>
  readAlone(store, scope.require, getVersion(scope, 'secrets', { name: 'name' })),
);
await step('verdict in words', () =>
  explain({ verdict, settings, source, caller, operation, trust: firewall.posture.trust }),
);
await step('audit record, written', () => log.append(JSON.stringify(auditRecord(event))));
await log.close();
rmSync(directory, { recursive: true, force: true });

console.log('| step | us, median |');
console.log('|---|---|');
for (const [name, microseconds] of rows) console.log(`| ${name} | ${microseconds.toFixed(2)} |`);

/** Times batches of 32, as from 32 connections: calls in one turn of the event loop share its cost. */
async function step(name: string, run: () => unknown): Promise<void> {
  const times: number[] = [];
  for (let batch = 0; batch < 2000; batch += 1) {
    const from = performance.now();
    await Promise.all(Array.from({ length: 32 }, run));
    times.push(((performance.now() - from) * 1000) / 32);
  }
  const settled = times.slice(500).toSorted((a, b) => a - b);
  rows.push([name, settled[Math.floor(settled.length / 2)] ?? Number.NaN]);
}
