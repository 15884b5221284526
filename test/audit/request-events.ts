import type { AuditEvent, AuditRecord } from '../../src/audit/event.ts';
import { auditRecord } from '../../src/audit/record.ts';
import type { Caller } from '../../src/types/caller.ts';
import type { Source, SubnetSource } from '../../src/types/source.ts';

export const caller: Caller = {
  issuer: 'https://sts.windows.net/72f988bf-0000-0000-0000-000000000001/',
  issuerClass: 'own',
  tenant: '72f988bf-0000-0000-0000-000000000001',
  objectId: 'aaaaaaaa-0000-0000-0000-000000000002',
  applicationId: 'bbbbbbbb-0000-0000-0000-000000000003',
  groups: ['cccccccc-0000-0000-0000-000000000004'],
  managedIdentity: undefined,
  usedBy: undefined,
  audience: 'https://vault.localhost:8443',
  notBefore: 1_656_590_000,
  expiresAt: 1_656_593_600,
  claims: { oid: 'aaaaaaaa-0000-0000-0000-000000000002', appidacr: '1', idtyp: 'app', amr: ['pwd', 'mfa'] },
};

function publicSource(text: string): Source {
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number);
  return { kind: 'public', address: { family: 4, value: ((a * 256 + b) * 256 + c) * 256 + d, text } };
}

export const subnetSource: SubnetSource = {
  kind: 'subnet',
  subnet: '/subscriptions/s/resourcegroups/rg/providers/microsoft.network/virtualnetworks/v/subnets/app',
  incarnation: 'dddddddd-0000-0000-0000-000000000005',
  address: { family: 4, value: 0x0a000004, text: '10.0.0.4' },
  assurance: 'enforced',
};

/** A request that reached a token: each test adds its result. */
export const request: AuditEvent = {
  at: Date.UTC(2022, 5, 30, 11, 59, 25, 411),
  durationMs: 9.4,
  operationName: 'SecretGet',
  apiVersion: '7.4',
  resourceId: '/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv',
  status: 200,
  source: publicSource('203.0.113.7'),
  caller,
  correlationId: '1e00f8e4-0000-0000-0000-000000000006',
  requestUri: 'https://kv.vault.localhost:8443/secrets/s?api-version=7.4',
  userAgent: 'azsdk-js-keyvault-secrets/4.12.0',
  objectId: 'https://kv.vault.localhost:8443/secrets/s/4c39bacace9a49b2bd542ce61bd6f312',
  tlsVersion: 'TLSv1.3',
};

/** A complete record that is recognised by its correlation id. */
export function recordNamed(correlationId: string, changes: Partial<AuditEvent> = {}): AuditRecord {
  return auditRecord({ ...request, ...changes, correlationId });
}

/** A request without a token, from `address`. */
export function stranger(address: string, vault = 'kv'): AuditRecord {
  return auditRecord({
    ...request,
    operationName: 'Authentication',
    status: 401,
    message: 'AKV10000: Request is missing a Bearer or PoP token.',
    source: publicSource(address),
    caller: undefined,
    resourceId: `/vaults/${vault}`,
  });
}
