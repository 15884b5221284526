import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TokenRefusal } from '../../src/caller/refusal.ts';
import { createVerifier } from '../../src/caller/verify.ts';
import type { Verifier } from '../../src/caller/verify.ts';
import { createIssuers } from '../../src/caller/issuers.ts';
import { servicesTenant } from '../../src/types/caller.ts';
import {
  claims,
  forbiddenIds,
  forge,
  groupsOf,
  issuedAt,
  issuers,
  now,
  own,
  ownIssuer,
  servicesIssuer,
  sign,
  stranger,
  tenant,
  vaultAudience,
} from './tokens.ts';

function verifier(cacheSize = 100): Verifier {
  return createVerifier({ issuers: issuers(), now, cacheSize, groupsOf });
}

const without = (name: string): Record<string, unknown> =>
  Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));

async function refusalOf(token: string): Promise<TokenRefusal> {
  const verification = await verifier().verify(token);
  assert.ok(!verification.ok, 'the token was believed');
  return verification.refusal;
}

test('a token of our authority becomes the caller in its claims', async () => {
  const managedIdentity = '/subscriptions/s/resourcegroups/g/providers/Microsoft.Compute/virtualMachines/vm';
  const usedBy = '/subscriptions/s/resourcegroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/set';
  const payload = {
    ...claims,
    groups: ['g1', 'g2'],
    xms_mirid: managedIdentity,
    xms_az_rid: usedBy,
    secretive: 'not for the audit record',
  };
  const verification = await verifier().verify(await sign(payload));
  assert.deepEqual(verification, {
    ok: true,
    caller: {
      issuer: ownIssuer,
      issuerClass: 'own',
      tenant,
      objectId: claims.oid,
      applicationId: claims.appid,
      groups: ['g1', 'g2'],
      managedIdentity,
      usedBy,
      audience: vaultAudience,
      notBefore: issuedAt,
      expiresAt: issuedAt + 3600,
      claims: {
        oid: claims.oid,
        appid: claims.appid,
        appidacr: '1',
        idtyp: 'app',
        xms_mirid: managedIdentity,
        xms_az_rid: usedBy,
      },
    },
  });
});

test('groups are looked up, once, for a token of our authority that has too many to list them, and for no other token', async () => {
  const asked: string[] = [];
  const subject = createVerifier({
    issuers: issuers(),
    now,
    cacheSize: 10,
    groupsOf: ({ tenant: of, objectId }) => {
      asked.push(`${of} ${objectId}`);
      return Promise.resolve(['g1', 'g2']);
    },
  });
  const groups = async (payload: Record<string, unknown>) => {
    const verification = await subject.verify(await sign({ ...claims, ...payload }));
    return verification.ok && verification.caller.groups;
  };
  assert.deepEqual(await groups({ hasgroups: true }), ['g1', 'g2']);
  assert.deepEqual(await groups({ hasgroups: true }), ['g1', 'g2']);
  assert.deepEqual(await groups({ groups: ['g3'] }), ['g3']);
  assert.deepEqual(await groups({ hasgroups: false }), []);
  assert.deepEqual(await groups({ hasgroups: true, iss: servicesIssuer }), []);
  assert.deepEqual(asked, [`${tenant} ${claims.oid}`]);
});

test('a version 2 token has its application in azp', async () => {
  const { appid, ...others } = claims;
  const verification = await verifier().verify(await sign({ ...others, azp: appid }));
  assert.equal(verification.ok && verification.caller.applicationId, appid);
});

test('the issuer alone determines tenant and class, whatever tid says', async () => {
  const verification = await verifier().verify(await sign({ ...claims, iss: servicesIssuer, tid: tenant }));
  assert.ok(verification.ok);
  assert.equal(verification.caller.issuerClass, 'services');
  assert.equal(verification.caller.tenant, servicesTenant);
});

test('each kind of forged token is refused with its own reason', async (t) => {
  const good = await sign(claims);
  const [header = '', payload = '', signature = ''] = good.split('.');
  const publicKey = Buffer.from(own.publicKey.export({ format: 'pem', type: 'spki' }));
  const otherPayload = Buffer.from(JSON.stringify({ ...claims, oid: 'somebody else' })).toString('base64url');
  const supported = ['RS256'];
  const cases: readonly (readonly [string, string, TokenRefusal])[] = [
    [
      'alg none',
      forge({ alg: 'none', kid: 'own-1' }, claims),
      { kind: 'unsupportedAlgorithm', found: 'none', supported },
    ],
    ['alg None', forge({ alg: 'None' }, claims), { kind: 'unsupportedAlgorithm', found: 'None', supported }],
    [
      'HS256 with the public key as the secret',
      await sign(claims, { key: publicKey, header: { alg: 'HS256', kid: 'own-1' } }),
      { kind: 'unsupportedAlgorithm', found: 'HS256', supported },
    ],
    [
      'another RSA algorithm with the right key',
      await sign(claims, { header: { alg: 'PS256', kid: 'own-1' } }),
      { kind: 'unsupportedAlgorithm', found: 'PS256', supported },
    ],
    ['no alg', forge({ kid: 'own-1' }, claims, signature), { kind: 'malformed', part: 'header' }],
    [
      'a kid that is not ours',
      await sign(claims, { header: { alg: 'RS256', kid: 'own-2' } }),
      { kind: 'unknownKey', kid: 'own-2' },
    ],
    ['no kid', await sign(claims, { header: { alg: 'RS256' } }), { kind: 'unknownKey', kid: undefined }],
    [
      'a kid that is a number',
      forge({ alg: 'RS256', kid: 1 }, claims, signature),
      { kind: 'malformed', part: 'header' },
    ],
    ["a stranger's key under our kid", await sign(claims, { key: stranger.privateKey }), { kind: 'wrongSignature' }],
    ['another payload under a good signature', `${header}.${otherPayload}.${signature}`, { kind: 'wrongSignature' }],
    ['no signature', `${header}.${payload}.`, { kind: 'wrongSignature' }],
    ['two parts', `${header}.${payload}`, { kind: 'malformed', part: 'token' }],
    ['four parts', `${good}.x`, { kind: 'malformed', part: 'token' }],
    ['nothing', '', { kind: 'malformed', part: 'token' }],
    ['a header that is not JSON', `AAAA.${payload}.${signature}`, { kind: 'malformed', part: 'header' }],
    ['a payload that is not JSON', `${header}.AAAA.${signature}`, { kind: 'malformed', part: 'payload' }],
    [
      'a critical extension',
      forge({ alg: 'RS256', kid: 'own-1', crit: ['b64'], b64: false }, claims),
      { kind: 'malformed', part: 'header' },
    ],
    ['more than 16 KiB', `${header}.${'A'.repeat(16_384)}.${signature}`, { kind: 'malformed', part: 'token' }],
    [
      'an issuer that nobody configured',
      await sign({ ...claims, iss: 'https://evil.example/' }),
      { kind: 'wrongIssuer', found: 'https://evil.example/' },
    ],
    [
      'our issuer without its slash',
      await sign({ ...claims, iss: ownIssuer.slice(0, -1) }),
      { kind: 'wrongIssuer', found: ownIssuer.slice(0, -1) },
    ],
    [
      'no issuer',
      forge({ alg: 'RS256', kid: 'own-1' }, { ...claims, iss: undefined }),
      { kind: 'malformed', part: 'iss' },
    ],
  ];
  for (const [name, token, refusal] of cases)
    await t.test(name, async () => assert.deepEqual(await refusalOf(token), refusal));
});

test("a signed token without a required claim is refused with the claim's name", async () => {
  for (const part of ['oid', 'exp', 'nbf', 'aud'] as const) {
    assert.deepEqual(await refusalOf(await sign(without(part))), { kind: 'malformed', part });
  }
  assert.deepEqual(await refusalOf(await sign({ ...claims, aud: [vaultAudience, 'other'] })), {
    kind: 'malformed',
    part: 'aud',
  });
});

test('a token is cached after it was verified, and never when it was refused', async () => {
  const subject = verifier();
  const good = await sign(claims);
  const bad = await sign(claims, { key: stranger.privateKey });
  assert.equal(subject.verifyCached(good), undefined);
  const verification = await subject.verify(good);
  assert.ok(verification.ok);
  assert.equal(subject.verifyCached(good), verification.caller);
  await subject.verify(bad);
  assert.equal(subject.verifyCached(bad), undefined);
});

test('drop removes every token from the cache, also one whose verification began before', async () => {
  const subject = verifier();
  const token = await sign(claims);
  await subject.verify(token);
  subject.drop();
  assert.equal(subject.verifyCached(token), undefined);
  const underway = subject.verify(token);
  subject.drop();
  assert.ok((await underway).ok);
  assert.equal(subject.verifyCached(token), undefined);
});

test('the cache keeps its size and drops the least recently used token', async () => {
  const subject = verifier(2);
  const tokens = await Promise.all(['1', '2', '3'].map((jti) => sign({ ...claims, jti })));
  const [first = '', second = '', third = ''] = tokens;
  await subject.verify(first);
  await subject.verify(second);
  assert.ok(subject.verifyCached(first));
  await subject.verify(third);
  assert.equal(subject.verifyCached(second), undefined);
  assert.ok(subject.verifyCached(first));
  assert.ok(subject.verifyCached(third));
});

test('a token is cached until it expires and not a moment longer', async () => {
  const token = await sign(claims);
  const clock = { ms: now() };
  const subject = createVerifier({ issuers: issuers(), now: () => clock.ms, cacheSize: 10, groupsOf });
  await subject.verify(token);
  clock.ms = claims.exp * 1000 - 1;
  assert.ok(subject.verifyCached(token));
  clock.ms = claims.exp * 1000;
  assert.equal(subject.verifyCached(token), undefined);
  assert.ok((await subject.verify(token)).ok, 'whether the caller is still admitted is decided elsewhere');
  clock.ms = claims.exp * 1000 - 1;
  assert.equal(subject.verifyCached(token), undefined, 'an expired token was put into the cache');
});

test('an issuer that is listed twice is refused when the table is created', () => {
  const entry = {
    issuer: ownIssuer,
    tenant,
    issuerClass: 'own',
    keys: async () => Promise.reject(new Error('unused')),
  } as const;
  assert.throws(() => createIssuers([entry, { ...entry, tenant: servicesTenant, issuerClass: 'services' }]), {
    name: 'DuplicateIssuer',
    message: /https:\/\/sts\.windows\.net\/11111111-.* is listed twice/,
  });
});

test("a tenant accepts its own issuers, then the services', and no other tenant's", () => {
  const other = {
    issuer: 'https://other.example',
    tenant: 'other',
    issuerClass: 'external',
    forbiddenIds,
    keys: async () => Promise.reject(new Error('unused')),
  } as const;
  const table = issuers(other, { ...other, issuer: 'https://second.example', tenant });
  assert.deepEqual(table.acceptedFor(tenant), [ownIssuer, 'https://second.example', servicesIssuer]);
  assert.deepEqual(table.acceptedFor('other'), ['https://other.example', servicesIssuer]);
});
