import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { SignJWT, decodeJwt } from 'jose';
import type { CryptoKey, JWTPayload } from 'jose';
import type { KeySource } from '../../src/caller/key-sources.ts';
import { registerClient } from '../../src/directory/client-registration.ts';
import { clientId, postToken, startAuthority, tenant, vaultResource } from './world.ts';
import type { TestAuthority, TokenResponse } from './world.ts';

const issuer = 'https://token.ci.example';
const unlisted = 'https://unlisted.example';
const subject = 'repo:contoso/app:ref:refs/heads/main';
const audience = 'api://AzureADTokenExchange';
const robot = 'a3333333-3333-4333-8333-333333333333';
const seconds = 1_700_000_000;

const mine = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const strangers = generateKeyPairSync('ec', { namedCurve: 'P-256' });

let externalKeys: ReadonlyMap<string, KeySource>;
before(() => {
  const keys: KeySource = async ({ kid }) =>
    kid === 'one' ? { ok: true, key: mine.publicKey } : { ok: false, refusal: { kind: 'unknownKey', kid } };
  externalKeys = new Map([[issuer, keys]]);
});

async function start(t: TestContext): Promise<TestAuthority> {
  const authority = await startAuthority(t, { externalKeys });
  await registerClient(authority.world.store, {
    clientId: robot,
    objectId: 'b3333333-3333-4333-8333-333333333333',
    tenantId: tenant,
    displayName: 'robot',
    federatedCredentials: [
      { name: 'main', issuer, subject, audiences: [audience] },
      { name: 'unlisted', issuer: unlisted, subject, audiences: [audience] },
    ],
  });
  return authority;
}

const claims = { iss: issuer, sub: subject, aud: audience, iat: seconds, exp: seconds + 600 };

interface Signing {
  readonly header?: { alg?: string; kid?: string; crit?: string[] };
  readonly by?: Parameters<SignJWT['sign']>[0] | CryptoKey;
}

function sign(payload: JWTPayload, { header = {}, by = mine.privateKey }: Signing = {}): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'one', ...header }).sign(by);
}

function login(authority: TestAuthority, assertion: string, client = robot): Promise<TokenResponse> {
  return postToken(authority, {
    grant_type: 'client_credentials',
    client_id: client,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
    scope: `${vaultResource}/.default`,
  });
}

test("a trusted issuer's token authenticates the client, any number of times until it expires", async (t) => {
  const authority = await start(t);
  const assertion = await sign({ ...claims, aud: ['other', audience] });
  for (let use = 0; use < 2; use += 1) {
    const { status, body } = await login(authority, assertion);
    assert.equal(status, 200, JSON.stringify(body));
    const token = decodeJwt(String(body['access_token']));
    assert.deepEqual([token['appid'], token['appidacr'], token.aud], [robot, '2', vaultResource]);
    authority.clock.ms += 800_000;
  }
});

/** Claims whose types a `JWTPayload` does not allow. */
function hostile(claimsText: string): JWTPayload {
  const parsed: unknown = JSON.parse(claimsText);
  return { ...(parsed as JWTPayload) };
}

const refused: Readonly<Record<string, { assertion: () => Promise<string>; client?: string; says: string }>> = {
  'of another issuer': {
    assertion: () => sign({ ...claims, iss: 'https://evil.example' }),
    says: "AADSTS700211: No matching federated identity record found for presented assertion issuer 'https://evil.example'.",
  },
  'of the same issuer with a slash': {
    assertion: () => sign({ ...claims, iss: `${issuer}/` }),
    says: 'AADSTS700211: No matching',
  },
  'about somebody else': {
    assertion: () => sign({ ...claims, sub: `${subject}x` }),
    says: `AADSTS700213: No matching federated identity record found for presented assertion subject '${subject}x'.`,
  },
  'for somebody else': {
    assertion: () => sign({ ...claims, aud: 'sts.amazonaws.com' }),
    says: "AADSTS700212: No matching federated identity record found for presented assertion audience 'sts.amazonaws.com'.",
  },
  'of an issuer that the credential names and this server does not know': {
    assertion: () => sign({ ...claims, iss: unlisted }),
    says: `AADSTS700211: This server does not have the keys of the federated identity record's issuer '${unlisted}'`,
  },
  'signed by another key': {
    assertion: () => sign(claims, { by: strangers.privateKey }),
    says: 'AADSTS700027: Client assertion contains an invalid signature.',
  },
  'of a key that the issuer does not have': {
    assertion: () => sign(claims, { header: { kid: 'two' } }),
    says: "AADSTS50166: The signing key 'two' of the assertion's issuer",
  },
  'signed with a secret that everybody knows': {
    assertion: () => sign(claims, { header: { alg: 'HS256' }, by: new Uint8Array(32) }),
    says: 'AADSTS700027: Invalid JWT token. Unsupported asymmetric signing algorithm.',
  },
  'that declares something critical': {
    assertion: async () => {
      const header = Buffer.from('{"alg":"ES256","kid":"one","crit":["x"],"x":1}').toString('base64url');
      return (await sign(claims)).replace(/^[^.]+/, header);
    },
    says: 'AADSTS50027: ',
  },
  'that expired, on the end of the skew': {
    assertion: () => sign({ ...claims, exp: seconds - 300 }),
    says: 'AADSTS700024: ',
  },
  'that is not valid yet, beyond the skew': {
    assertion: () => sign({ ...claims, nbf: seconds + 301 }),
    says: 'AADSTS700024: ',
  },
  'without an end': {
    assertion: () => sign({ iss: issuer, sub: subject, aud: audience }),
    says: 'AADSTS50027: ',
  },
  'whose end no date can show': {
    assertion: () => sign({ ...claims, exp: 1e300 }),
    says: 'AADSTS50027: ',
  },
  'whose beginning no date can show': {
    assertion: () => sign({ ...claims, nbf: -1e300 }),
    says: 'AADSTS50027: ',
  },
  'whose subject is not a string': {
    assertion: () => sign({ ...claims, ...hostile('{"sub":{"toString":1}}') }),
    says: 'AADSTS50027: ',
  },
  'whose audience is not a string': {
    assertion: () => sign({ ...claims, ...hostile('{"aud":[{"toLowerCase":1}]}') }),
    says: 'AADSTS50027: ',
  },
  'whose claims are nested without end': {
    assertion: () => sign({ ...claims, ...hostile(`{"a":${'['.repeat(50)}${']'.repeat(50)}}`) }),
    says: 'AADSTS50027: ',
  },
  'for a client without such a credential': {
    assertion: () => sign(claims),
    client: clientId,
    says: `AADSTS70025: The client '${clientId}'(ci) has no configured federated identity credentials.`,
  },
};

for (const [name, { assertion, client, says }] of Object.entries(refused)) {
  test(`a token ${name} is refused with ${says.slice(0, says.indexOf(':'))}`, async (t) => {
    const { status, body } = await login(await start(t), await assertion(), client);
    assert.deepEqual([status, body['error']], [401, 'invalid_client']);
    assert.ok(String(body['error_description']).startsWith(says), String(body['error_description']));
  });
}

test('the limits of the times are inclusive', async (t) => {
  const authority = await start(t);
  for (const payload of [
    { ...claims, exp: seconds - 299 },
    { ...claims, nbf: seconds + 300 },
  ]) {
    assert.equal((await login(authority, await sign(payload))).status, 200);
  }
});
