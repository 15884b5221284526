import assert from 'node:assert/strict';
import { X509Certificate, createPrivateKey, randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { SignJWT, decodeJwt } from 'jose';
import type { JWTPayload } from 'jose';
import {
  azureOrigin,
  clientId,
  goodForm,
  managementResource,
  origin,
  postToken,
  secret,
  selfSigned,
  serviceClientId,
  startAuthority,
  tenant,
} from './world.ts';
import type { KeyAndCertificate, TestAuthority, TokenPost, TokenResponse } from './world.ts';

const seconds = 1_700_000_000;
const dates = { notBefore: new Date((seconds - 86_400) * 1000), notAfter: new Date((seconds + 86_400) * 1000) };

let mine: KeyAndCertificate;
let strangers: KeyAndCertificate;
before(async () => {
  mine = await selfSigned(dates);
  strangers = await selfSigned(dates);
});

/** The claims that MSAL sends. */
function goodClaims(): JWTPayload {
  const aud = `${origin}/${tenant}/oauth2/v2.0/token`;
  return { aud, iss: clientId, sub: clientId, jti: randomUUID(), nbf: seconds, exp: seconds + 600 };
}

const without = (name: string): JWTPayload =>
  Object.fromEntries(Object.entries(goodClaims()).filter(([key]) => key !== name));

const thumbprint = (pem: string, of: 'fingerprint' | 'fingerprint256'): Buffer =>
  Buffer.from(new X509Certificate(pem)[of].replaceAll(':', ''), 'hex');

interface Signing {
  readonly by?: KeyAndCertificate;
  readonly header?: Readonly<Record<string, unknown>>;
}

function sign(payload: JWTPayload, { by = mine, header = {} }: Signing = {}): Promise<string> {
  const x5t = thumbprint(mine.certificate, 'fingerprint256').toString('base64url');
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'PS256', 'x5t#S256': x5t, ...header })
    .sign(createPrivateKey(by.privateKey));
}

function login(
  authority: TestAuthority,
  assertion: string,
  form: Record<string, string> = {},
  post: TokenPost = {},
): Promise<TokenResponse> {
  const { client_secret: _secret, ...rest } = goodForm;
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
  return postToken(authority, { ...rest, client_assertion_type: type, client_assertion: assertion, ...form }, post);
}

const start = (t: TestContext): Promise<TestAuthority> => startAuthority(t, { certificates: [mine.certificate] });

test('an assertion with either algorithm and thumbprint, in any base64, authenticates the client', async (t) => {
  const authority = await start(t);
  const sha1 = thumbprint(mine.certificate, 'fingerprint');
  const headers = [
    {},
    { alg: 'RS256', 'x5t#S256': undefined, x5t: sha1.toString('base64url') },
    { alg: 'RS256', 'x5t#S256': undefined, x5t: sha1.toString('base64') },
  ];
  for (const header of headers) {
    const { status, body } = await login(authority, await sign(goodClaims(), { header }));
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(decodeJwt(String(body['access_token']))['appidacr'], '2');
  }
});

test('its audience may be the token endpoint under any of our names, or the issuer', async (t) => {
  const authority = await start(t);
  const audiences = [
    `${origin}/${tenant}/oauth2/token`,
    `${azureOrigin}/${tenant.toUpperCase()}/oauth2/v2.0/token`,
    `${azureOrigin}/${tenant}/v2.0`,
    `https://sts.windows.net/${tenant}/`,
    ['https://elsewhere.example', `${origin}/${tenant}/oauth2/token`],
  ];
  for (const aud of audiences) {
    assert.equal((await login(authority, await sign({ ...goodClaims(), aud }))).status, 200, String(aud));
  }
});

test('client_id may be omitted, because the assertion names the client', async (t) => {
  assert.equal((await login(await start(t), await sign(goodClaims()), { client_id: '' })).status, 200);
});

const refused: Readonly<
  Record<string, { assertion: () => Promise<string>; form?: Record<string, string>; error?: string; says: string }>
> = {
  'signed by another key under our thumbprint': {
    assertion: () => sign(goodClaims(), { by: strangers }),
    says: 'AADSTS700027: Client assertion contains an invalid signature. [Reason - The key was found, but use of the key',
  },
  'by a certificate that is not registered, though it brings it along': {
    assertion: () => {
      const x5t = thumbprint(strangers.certificate, 'fingerprint256').toString('base64url');
      const x5c = [new X509Certificate(strangers.certificate).raw.toString('base64')];
      return sign(goodClaims(), { by: strangers, header: { 'x5t#S256': x5t, x5c } });
    },
    says: 'AADSTS700027: Client assertion contains an invalid signature. [Reason - The key was not found., Thumbprint',
  },
  'without a thumbprint': {
    assertion: () => sign(goodClaims(), { header: { 'x5t#S256': undefined } }),
    says: 'AADSTS700027: Client assertion contains an invalid signature. [Reason - The key was not found.',
  },
  'by an algorithm that Entra does not take': {
    assertion: () => sign(goodClaims(), { header: { alg: 'RS512' } }),
    says: 'AADSTS700027: Invalid JWT token. Unsupported asymmetric signing algorithm.',
  },
  'without a signature': {
    assertion: async () => {
      const [, payload = ''] = (await sign(goodClaims())).split('.');
      return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    },
    says: 'AADSTS700027: Invalid JWT token. Unsupported asymmetric signing algorithm.',
  },
  'for another audience': {
    assertion: () => sign({ ...goodClaims(), aud: 'https://login.elsewhere.example/oauth2/token' }),
    says: 'AADSTS700023: Client assertion audience claim does not match Realm issuer.',
  },
  "for another tenant's endpoint": {
    assertion: () => sign({ ...goodClaims(), aud: `${origin}/f8cdef31-a31e-4b4a-93e4-5f571e91255a/oauth2/v2.0/token` }),
    says: 'AADSTS700023: ',
  },
  'that expired, on the end of the skew': {
    assertion: () => sign({ ...goodClaims(), nbf: seconds - 900, exp: seconds - 300 }),
    says: 'AADSTS700024: Client assertion is not within its valid time range. Current time: 2023-11-14T22:13:20.500Z',
  },
  'that is not valid yet, beyond the skew': {
    assertion: () => sign({ ...goodClaims(), nbf: seconds + 301 }),
    says: 'AADSTS700024: Client assertion is not within its valid time range. Current time: ',
  },
  'that lives for a day': {
    assertion: () => sign({ ...goodClaims(), exp: seconds + 86_400 }),
    says: 'AADSTS700024: Client assertion is not within its valid time range. It may expire at most 3600 seconds from now.',
  },
  'without jti': {
    assertion: () => sign(without('jti')),
    says: 'AADSTS50027: JWT token is invalid or malformed.',
  },
  'without exp': { assertion: () => sign(without('exp')), says: 'AADSTS50027: ' },
  'whose iss and sub differ': {
    assertion: () => sign({ ...goodClaims(), sub: serviceClientId }),
    says: 'AADSTS50027: ',
  },
  'that is not a JWT': { assertion: async () => 'x.y.z', says: 'AADSTS50027: ' },
  'of another client than client_id says': {
    assertion: () => sign({ ...goodClaims(), iss: serviceClientId, sub: serviceClientId }),
    says: "AADSTS700021: Client assertion application identifier doesn't match 'client_id' parameter.",
  },
  'beside a secret': {
    assertion: () => sign(goodClaims()),
    form: { client_secret: secret },
    error: 'invalid_request',
    says: 'AADSTS90023: ',
  },
  'of another type': {
    assertion: () => sign(goodClaims()),
    form: { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' },
    error: 'invalid_request',
    says: "AADSTS90023: The 'client_assertion_type' 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' is not supported",
  },
  'without a type': {
    assertion: () => sign(goodClaims()),
    form: { client_assertion_type: '' },
    error: 'invalid_request',
    says: 'AADSTS900144: ',
  },
};

for (const [name, { assertion, form = {}, error = 'invalid_client', says }] of Object.entries(refused)) {
  test(`an assertion ${name} is refused`, async (t) => {
    const { status, body } = await login(await start(t), await assertion(), form);
    assert.ok(String(body['error_description']).startsWith(says), String(body['error_description']));
    assert.equal(body['error'], error);
    assert.equal(status, error === 'invalid_client' ? 401 : 400);
  });
}

test('the limits of the times are inclusive where they should be', async (t) => {
  const authority = await start(t);
  for (const times of [{ nbf: seconds - 900, exp: seconds - 299 }, { nbf: seconds + 300 }, { exp: seconds + 3900 }]) {
    assert.equal(
      (await login(authority, await sign({ ...goodClaims(), ...times }))).status,
      200,
      JSON.stringify(times),
    );
  }
});

test('a certificate that has expired no longer authenticates the client', async (t) => {
  const old = await selfSigned({ notBefore: dates.notBefore, notAfter: new Date((seconds - 1) * 1000) });
  const authority = await startAuthority(t, { certificates: [old.certificate] });
  const x5t = thumbprint(old.certificate, 'fingerprint256').toString('base64url');
  const { status, body } = await login(authority, await sign(goodClaims(), { by: old, header: { 'x5t#S256': x5t } }));
  assert.equal(status, 401);
  assert.match(
    String(body['error_description']),
    /AADSTS700027: .*The key used is expired\..*End=Nov 14 22:13:19 2023 GMT/,
  );
});

test('a replay is refused a minute after the first use, and only for the same resource', async (t) => {
  const authority = await start(t);
  const assertion = await sign(goodClaims());
  assert.equal((await login(authority, assertion)).status, 200);
  authority.clock.ms += 59_999;
  assert.equal((await login(authority, assertion)).status, 200, 'MSAL sends the same assertion when it retries');
  authority.clock.ms += 1;
  const replay = await login(authority, assertion);
  assert.equal(replay.status, 401);
  assert.match(
    String(replay.body['error_description']),
    /^AADSTS50027: .*This client assertion was used before; send one with a new jti\./,
  );
  assert.equal((await login(authority, assertion, { scope: `${managementResource}/.default` })).status, 200);
  assert.equal((await login(authority, await sign(goodClaims()))).status, 200, 'a new jti is a new assertion');
});

test('a replay is refused for the same vaults at another port or with a slash too', async (t) => {
  const authority = await start(t);
  const assertion = await sign(goodClaims());
  const at = (end: string) => login(authority, assertion, { scope: `https://vault.localhost${end}/.default` });
  assert.equal((await at(':8443')).status, 200);
  authority.clock.ms += 60_000;
  for (const end of [':8444', ':8444/', '/', '']) {
    const replay = await at(end);
    assert.match(
      String(replay.body['error_description']),
      /^AADSTS50027: .*This client assertion was used before/,
      end,
    );
  }
});

test('a refused assertion does not count as used', async (t) => {
  const authority = await start(t);
  const claims = goodClaims();
  await login(authority, await sign(claims, { by: strangers }));
  authority.clock.ms += 120_000;
  assert.equal((await login(authority, await sign(claims))).status, 200);
});
