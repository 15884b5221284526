import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Issuer } from '../../src/caller/issuers.ts';
import { remoteKeys } from '../../src/caller/key-sources.ts';
import type { RemoteKeysOptions } from '../../src/caller/key-sources.ts';
import type { TokenRefusal } from '../../src/caller/refusal.ts';
import { createVerifier } from '../../src/caller/verify.ts';
import { claims, forbiddenIds, groupsOf, issuers, now, own, sign, stranger, tenant, vaultAudience } from './tokens.ts';

const externalIssuer = 'https://keycloak.example/realms/r';
const externalTenant = '33333333-3333-4333-8333-333333333333';
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const keySet = {
  keys: [
    { ...stranger.publicKey.export({ format: 'jwk' }), kid: 'rsa-1', use: 'sig' },
    { ...ec.publicKey.export({ format: 'jwk' }), kid: 'ec-1', use: 'sig' },
  ],
};

interface KeyServer {
  readonly url: URL;
  /** The paths that were requested. */
  readonly asked: string[];
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

async function keyServer(t: TestContext, listener: Listener): Promise<KeyServer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    listener(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { url: new URL(`http://127.0.0.1:${address.port}/jwks`), asked };
}

const serveKeys: Listener = (_request, response) => void response.end(JSON.stringify(keySet));

function external(url: URL, options: Partial<RemoteKeysOptions> & { audiences?: readonly string[] } = {}): Issuer {
  const { audiences, ...rest } = options;
  const keys = remoteKeys(externalIssuer, url, { now, ...rest });
  const entry = { issuer: externalIssuer, tenant: externalTenant, issuerClass: 'external', keys } as const;
  const issuer: Issuer = { ...entry, forbiddenIds };
  return audiences === undefined ? issuer : { ...issuer, audiences };
}

const externalClaims = { iss: externalIssuer, aud: vaultAudience, sub: 'user-1', exp: claims.exp, azp: 'app-1' };
const rsa = { key: stranger.privateKey, header: { alg: 'RS256', kid: 'rsa-1' } };

async function refusal(issuer: Issuer, token: string): Promise<TokenRefusal> {
  const verification = await createVerifier({ issuers: issuers(issuer), now, cacheSize: 10, groupsOf }).verify(token);
  assert.ok(!verification.ok, 'the token was believed');
  return verification.refusal;
}

test("an external issuer's tokens are accepted, with its tenant and without the claims that give trust", async (t) => {
  const issuer = external((await keyServer(t, serveKeys)).url);
  const subject = createVerifier({ issuers: issuers(issuer), now, cacheSize: 10, groupsOf });
  const mirid = '/subscriptions/s/providers/Microsoft.DataFactory/factories/f';
  const token = await sign({ ...externalClaims, tid: tenant, xms_mirid: mirid, xms_az_rid: mirid }, rsa);
  const verification = await subject.verify(token);
  assert.ok(verification.ok);
  assert.deepEqual(verification.caller, {
    issuer: externalIssuer,
    issuerClass: 'external',
    tenant: externalTenant,
    objectId: 'user-1',
    applicationId: 'app-1',
    groups: [],
    managedIdentity: undefined,
    usedBy: undefined,
    audience: vaultAudience,
    notBefore: 0,
    expiresAt: claims.exp,
    claims: { azp: 'app-1' },
  });
});

test('every asymmetric algorithm in the table is verified with a matching key', async (t) => {
  const subject = createVerifier({
    issuers: issuers(external((await keyServer(t, serveKeys)).url)),
    now,
    cacheSize: 10,
    groupsOf,
  });
  for (const alg of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']) {
    assert.ok((await subject.verify(await sign(externalClaims, { ...rsa, header: { alg, kid: 'rsa-1' } }))).ok, alg);
  }
  const token = await sign(externalClaims, { key: ec.privateKey, header: { alg: 'ES256', kid: 'ec-1' } });
  assert.ok((await subject.verify(token)).ok);
});

test('an external issuer cannot speak as us, nor with our keys', async (t) => {
  const issuer = external((await keyServer(t, serveKeys)).url);
  const asUs = await sign(claims, rsa);
  assert.deepEqual(await refusal(issuer, asUs), { kind: 'unknownKey', kid: 'rsa-1' });
  const withOurKid = await sign(claims, { key: stranger.privateKey });
  assert.deepEqual(await refusal(issuer, withOurKid), { kind: 'wrongSignature' });
  const asThem = await sign({ ...externalClaims }, { key: own.privateKey, header: { alg: 'RS256', kid: 'own-1' } });
  assert.deepEqual(await refusal(issuer, asThem), { kind: 'unknownKey', kid: 'own-1' });
  const underTheirKid = await sign(externalClaims, { key: own.privateKey, header: { alg: 'RS256', kid: 'rsa-1' } });
  assert.deepEqual(await refusal(issuer, underTheirKid), { kind: 'wrongSignature' });
});

test('an HMAC token is refused before a key is requested', async (t) => {
  const server = await keyServer(t, serveKeys);
  const secret = Buffer.from(stranger.publicKey.export({ format: 'pem', type: 'spki' }));
  const token = await sign(externalClaims, { key: secret, header: { alg: 'HS256', kid: 'rsa-1' } });
  assert.equal((await refusal(external(server.url), token)).kind, 'unsupportedAlgorithm');
  assert.deepEqual(server.asked, []);
});

test('of several audiences the configured one counts, and a token without it is refused', async (t) => {
  const issuer = external((await keyServer(t, serveKeys)).url, { audiences: ['postern'] });
  const subject = createVerifier({ issuers: issuers(issuer), now, cacheSize: 10, groupsOf });
  const verification = await subject.verify(await sign({ ...externalClaims, aud: ['account', 'postern'] }, rsa));
  assert.equal(verification.ok && verification.caller.audience, 'postern');
  assert.deepEqual(await refusal(issuer, await sign({ ...externalClaims, aud: ['account', 'x'] }, rsa)), {
    kind: 'wrongAudience',
    expected: ['postern'],
    found: 'account, x',
  });
});

test('unknown kids cause one fetch; jku, x5u and redirects cause none', async (t) => {
  const elsewhere = await keyServer(t, serveKeys);
  const server = await keyServer(t, serveKeys);
  const issuer = external(server.url);
  for (const kid of ['a', 'b', 'c']) {
    const header = { alg: 'RS256', kid, jku: elsewhere.url.href, x5u: elsewhere.url.href };
    assert.deepEqual(await refusal(issuer, await sign(externalClaims, { ...rsa, header })), {
      kind: 'unknownKey',
      kid,
    });
  }
  assert.deepEqual(server.asked, ['/jwks']);
  const redirecting = await keyServer(t, (_request, response) => {
    response.writeHead(302, { location: elsewhere.url.href }).end();
  });
  const token = await sign(externalClaims, rsa);
  assert.equal((await refusal(external(redirecting.url), token)).kind, 'keysUnavailable');
  assert.deepEqual(elsewhere.asked, []);
});

test('a key set that is too large, too slow, invalid or missing makes the keys unavailable', async (t) => {
  const token = await sign(externalClaims, rsa);
  const listeners: Readonly<Record<string, Listener>> = {
    'too large': (_request, response) =>
      void response.end(JSON.stringify({ ...keySet, filler: 'x'.repeat(256 * 1024) })),
    'too slow': (_request, response) => void response.write('{'),
    'no JSON': (_request, response) => void response.end('<html>'),
    'no key set': (_request, response) => void response.end('{"keys":"none"}'),
    'not found': (_request, response) => void response.writeHead(404).end(JSON.stringify(keySet)),
  };
  for (const [name, listener] of Object.entries(listeners)) {
    await t.test(name, async (each) => {
      const issuer = external((await keyServer(each, listener)).url, { timeoutMs: 200 });
      assert.deepEqual(await refusal(issuer, token), { kind: 'keysUnavailable', issuer: externalIssuer });
    });
  }
});

test('after a failed fetch the issuer is not asked for a while, then it is asked again', async (t) => {
  const clock = { ms: now() };
  let healthy = false;
  const server = await keyServer(t, (request, response) => {
    if (healthy) serveKeys(request, response);
    else response.writeHead(503).end();
  });
  const issuer = external(server.url, { retryAfterMs: 5_000, now: () => clock.ms });
  const token = await sign(externalClaims, rsa);
  await refusal(issuer, token);
  await refusal(issuer, token);
  assert.equal(server.asked.length, 1);
  healthy = true;
  clock.ms += 5_000;
  assert.ok((await createVerifier({ issuers: issuers(issuer), now, cacheSize: 10, groupsOf }).verify(token)).ok);
  assert.equal(server.asked.length, 2);
});

/** Serves a discovery document, which may name an issuer and an address of its own, and the keys. */
async function discovered(t: TestContext, document: (origin: string) => object): Promise<KeyServer> {
  const server = await keyServer(t, (request, response) => {
    if (request.url === '/jwks') serveKeys(request, response);
    else response.end(JSON.stringify(document(`http://${request.headers.host}`)));
  });
  return { ...server, url: new URL(server.url.origin) };
}

async function keysOf(issuer: string, options: Partial<RemoteKeysOptions> = {}) {
  const causes: string[] = [];
  const find = remoteKeys(issuer, undefined, { now, failed: (cause) => void causes.push(cause), ...options });
  const answer = await find({ alg: 'RS256', kid: 'rsa-1' });
  return { kind: answer.ok ? 'found' : answer.refusal.kind, causes };
}

test("without an address the keys are where the issuer's discovery document says, if it is the issuer's own", async (t) => {
  const good = await discovered(t, (origin) => ({ issuer: `${origin}/`, jwks_uri: `${origin}/jwks` }));
  assert.deepEqual(await keysOf(`${good.url.origin}/`), { kind: 'found', causes: [] });
  assert.deepEqual(good.asked, ['/.well-known/openid-configuration', '/jwks']);
  const document = `${good.url.origin}/.well-known/openid-configuration`;
  assert.deepEqual(await keysOf(good.url.origin), {
    kind: 'keysUnavailable',
    causes: [`${document} is of the issuer "${good.url.origin}/", not of ${good.url.origin}`],
  });
  const rule =
    'is not https, so anyone on the path could put their own keys into it (plain http is accepted on loopback only)';
  for (const [jwks, cause] of [
    [undefined, 'has no jwks_uri that is a URL'],
    [{}, 'has no jwks_uri that is a URL'],
    ['/jwks', 'has no jwks_uri that is a URL'],
    ['http://169.254.169.254/jwks', rule],
    ['file:///etc/shadow', rule],
  ] as const) {
    const server = await discovered(t, (origin) => ({ issuer: origin, jwks_uri: jwks }));
    const { kind, causes } = await keysOf(server.url.origin);
    assert.equal(kind, 'keysUnavailable');
    assert.match(String(causes), new RegExp(`${cause.replaceAll(/[()]/g, String.raw`\$&`)}$`));
    assert.deepEqual(server.asked, ['/.well-known/openid-configuration']);
  }
  const elsewhere = await keyServer(t, serveKeys);
  const redirecting = await keyServer(t, (_request, response) =>
    response.writeHead(302, { location: elsewhere.url.href }).end(),
  );
  assert.match(String((await keysOf(redirecting.url.origin)).causes), /answered 302 where 200 was expected$/);
  assert.deepEqual(elsewhere.asked, []);
  const page = await keyServer(t, (_request, response) => void response.end('<html>'));
  assert.match(String((await keysOf(page.url.origin)).causes), /answered with what is not JSON$/);
});

test('while an issuer does not answer, its known keys go on for a day, and only the first request waits for it', async (t) => {
  const clock = { ms: now() };
  const held: (() => void)[] = [];
  let mode: 'answers' | 'hangs' = 'answers';
  const arrived: (() => void)[] = [];
  const server = await keyServer(t, (request, response) => {
    for (const arrive of arrived.splice(0)) arrive();
    if (mode === 'answers') serveKeys(request, response);
    else held.push(() => request.socket.destroy());
  });
  const causes: string[] = [];
  const find = remoteKeys(externalIssuer, server.url, {
    now: () => clock.ms,
    timeoutMs: 60_000,
    failed: (cause) => void causes.push(cause),
  });
  const known = { alg: 'RS256', kid: 'rsa-1' };
  assert.ok((await find(known)).ok);
  mode = 'hangs';
  clock.ms += 600_000;
  const asked = new Promise<void>((resolve) => arrived.push(resolve));
  const first = find(known);
  await asked;
  for (const end of held.splice(0)) end();
  assert.ok((await first).ok, 'with the key from before');
  assert.equal(causes.length, 1);
  clock.ms += 5_000;
  const again = new Promise<void>((resolve) => arrived.push(resolve));
  assert.ok((await find(known)).ok, 'the fetch is under way, and hangs');
  await again;
  assert.equal(held.length, 1);
  assert.ok((await find(known)).ok);
  assert.equal(server.asked.length, 3);
  clock.ms += 86_400_000 - 605_000 - 1;
  assert.ok((await find(known)).ok);
  clock.ms += 1;
  assert.deepEqual(await find(known), { ok: false, refusal: { kind: 'keysUnavailable', issuer: externalIssuer } });
  for (const end of held) end();
  assert.equal(causes.length, 1, 'it is told once');
});

test('a time of a clock that was ahead holds no fetch back', async (t) => {
  const dayMs = 86_400_000;
  const clock = { ms: now() + dayMs };
  let isUp = true;
  const server = await keyServer(t, (request, response) => {
    if (isUp) serveKeys(request, response);
    else response.writeHead(500).end();
  });
  const find = remoteKeys(externalIssuer, server.url, { now: () => clock.ms });
  const unknown = { alg: 'RS256', kid: 'rsa-2' };
  const refused = { ok: false, refusal: { kind: 'unknownKey', kid: 'rsa-2' } };
  assert.ok((await find({ alg: 'RS256', kid: 'rsa-1' })).ok);
  clock.ms -= dayMs;
  assert.deepEqual(await find(unknown), refused);
  assert.equal(server.asked.length, 2, 'the keys may be other ones since');
  isUp = false;
  clock.ms += dayMs - 1;
  assert.equal((await find(unknown)).ok, false);
  assert.equal(server.asked.length, 3);
  isUp = true;
  clock.ms -= dayMs - 1;
  assert.deepEqual(await find(unknown), refused, 'and not that the issuer does not answer');
  assert.equal(server.asked.length, 4);
});

test('a JWKS address must be https, or http on loopback', () => {
  for (const url of [
    'http://keycloak.example/jwks',
    'http://127.0.0.1.example/jwks',
    'ftp://127.0.0.1/jwks',
    'http://10.0.0.1/',
  ]) {
    assert.throws(() => remoteKeys(externalIssuer, new URL(url), { now }), {
      name: 'RangeError',
      message: /is not https/,
    });
  }
  for (const url of [
    'https://keycloak.example/jwks',
    'http://localhost/jwks',
    'http://[::1]:8080/jwks',
    'http://127.0.0.2/',
  ]) {
    assert.doesNotThrow(() => remoteKeys(externalIssuer, new URL(url), { now }));
  }
});
