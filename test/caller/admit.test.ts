import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admit } from '../../src/caller/verify.ts';
import type { Admission } from '../../src/caller/verify.ts';
import type { TokenRefusal } from '../../src/caller/refusal.ts';
import { servicesTenant } from '../../src/types/caller.ts';
import type { Caller } from '../../src/types/caller.ts';
import { claims, issuedAt, ownIssuer, servicesIssuer, tenant, vaultAudience } from './tokens.ts';

const caller: Caller = {
  issuer: ownIssuer,
  issuerClass: 'own',
  tenant,
  objectId: claims.oid,
  applicationId: claims.appid,
  groups: [],
  managedIdentity: undefined,
  usedBy: undefined,
  audience: vaultAudience,
  notBefore: issuedAt,
  expiresAt: issuedAt + 3600,
  claims: {},
};
const service: Caller = { ...caller, issuer: servicesIssuer, issuerClass: 'services', tenant: servicesTenant };
const external: Caller = {
  ...caller,
  issuer: 'https://keycloak.example/realms/r',
  issuerClass: 'external',
  audience: 'postern',
};

const audiences = [vaultAudience, 'https://vault.azure.net'];
const vault: Admission = { tenant, services: true, audiences, now: issuedAt * 1000, skewSeconds: 300 };
const otherTenant = '22222222-2222-4222-8222-222222222222';

const at = (seconds: number): Admission => ({ ...vault, now: seconds * 1000 });
const wrongAudience = (found: string): TokenRefusal => ({ kind: 'wrongAudience', expected: audiences, found });
const expired: TokenRefusal = { kind: 'expired', expiresAt: caller.expiresAt };
const early: TokenRefusal = { kind: 'notYetValid', notBefore: issuedAt };

const cases: readonly (readonly [string, Caller, Admission, TokenRefusal | undefined])[] = [
  ["the vault's own tenant", caller, vault, undefined],
  ['the other accepted audience', { ...caller, audience: 'https://vault.azure.net' }, vault, undefined],
  ["the services' tenant, at a vault", service, vault, undefined],
  [
    "the services' tenant, where it is not accepted",
    service,
    { ...vault, services: false },
    { kind: 'wrongIssuer', found: servicesIssuer },
  ],
  ['another tenant', { ...caller, tenant: otherTenant }, vault, { kind: 'wrongIssuer', found: ownIssuer }],
  [
    "an external issuer that was given the services' tenant",
    { ...external, tenant: servicesTenant },
    vault,
    { kind: 'wrongIssuer', found: external.issuer },
  ],
  ['a trailing slash', { ...caller, audience: `${vaultAudience}/` }, vault, wrongAudience(`${vaultAudience}/`)],
  [
    'the resource manager',
    { ...caller, audience: 'https://management.azure.com/' },
    vault,
    wrongAudience('https://management.azure.com/'),
  ],
  ["an external issuer's audience, not listed", external, vault, wrongAudience('postern')],
  ["an external issuer's audience, listed", external, { ...vault, externalAudiences: ['postern'] }, undefined],
  [
    "our own token for an external issuer's audience",
    { ...caller, audience: 'postern' },
    { ...vault, externalAudiences: ['postern'] },
    wrongAudience('postern'),
  ],
  ['a second before the end of the skew', caller, at(caller.expiresAt + 299), undefined],
  ['on the end of the skew', caller, at(caller.expiresAt + 300), expired],
  [
    'a millisecond before the end of the skew',
    caller,
    { ...vault, now: (caller.expiresAt + 300) * 1000 - 1 },
    undefined,
  ],
  ['on the beginning of the skew', caller, at(issuedAt - 300), undefined],
  ['a millisecond before the beginning of the skew', caller, { ...vault, now: (issuedAt - 300) * 1000 - 1 }, early],
  ['expired, without skew', caller, { ...at(caller.expiresAt), skewSeconds: 0 }, expired],
  ['about to begin, without skew', caller, { ...at(issuedAt - 1), skewSeconds: 0 }, early],
];

for (const [name, who, expected, refusal] of cases) {
  test(`${name}: ${refusal === undefined ? 'admitted' : refusal.kind}`, () => {
    assert.deepEqual(admit(who, expected), refusal === undefined ? { ok: true } : { ok: false, refusal });
  });
}
