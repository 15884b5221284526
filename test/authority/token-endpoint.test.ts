import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { servicesTenant } from '../../src/types/caller.ts';
import {
  clientId,
  goodForm,
  groupId,
  identity,
  managementResource,
  objectId,
  otherSecret,
  postToken,
  secret,
  serviceClientId,
  startAuthority,
  tenant,
  vaultResource,
} from './world.ts';
import type { TokenPost } from './world.ts';

const { scope: _scope, ...goodV1Form } = { ...goodForm, resource: vaultResource };

const basic = (id: string, password: string): string =>
  `Basic ${Buffer.from([id, password].map((half) => encodeURIComponent(half)).join(':')).toString('base64')}`;

function claimsOf(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return decodeJwt(String(body['access_token']));
}

test('the version 2 endpoint answers with numbers and a version 1 token, as Entra does for vaults', async (t) => {
  const authority = await startAuthority(t);
  const { status, body } = await postToken(authority, goodForm);
  assert.equal(status, 200);
  const { access_token: token, ...rest } = body;
  assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599 });
  const { kid } = authority.world.signingKeys.current;
  assert.deepEqual(decodeProtectedHeader(String(token)), { typ: 'JWT', alg: 'RS256', kid });
  const { aio, uti, ...claims } = claimsOf(body);
  assert.deepEqual(claims, {
    aud: vaultResource,
    iss: `https://sts.windows.net/${tenant}/`,
    iat: 1_700_000_000,
    nbf: 1_700_000_000,
    exp: 1_700_003_600,
    appid: clientId,
    appidacr: '1',
    groups: [groupId],
    idp: `https://sts.windows.net/${tenant}/`,
    idtyp: 'app',
    oid: objectId,
    sub: objectId,
    tid: tenant,
    ver: '1.0',
  });
  assert.match(String(uti), /^[\w-]{22}$/);
  assert.notEqual(aio, uti);
});

test('the version 1 endpoint answers with strings, expires_on and the resource', async (t) => {
  const { status, body } = await postToken(await startAuthority(t), goodV1Form, { endpoint: 'v1' });
  assert.equal(status, 200);
  const { access_token: _token, ...rest } = body;
  assert.deepEqual(rest, {
    token_type: 'Bearer',
    expires_in: '3599',
    ext_expires_in: '3599',
    expires_on: '1700003600',
    not_before: '1700000000',
    resource: vaultResource,
  });
  assert.equal(claimsOf(body)['aud'], vaultResource);
});

test('the audience is the resource as requested, with the slash before /.default', async (t) => {
  const { status, body } = await postToken(await startAuthority(t), {
    ...goodForm,
    scope: `${managementResource}/.default`,
  });
  assert.equal(status, 200);
  assert.equal(claimsOf(body)['aud'], 'https://management.core.windows.net/');
});

test('ids in the path and in the form may be in any letter case', async (t) => {
  const { status, body } = await postToken(
    await startAuthority(t),
    { ...goodForm, client_id: clientId.toUpperCase() },
    { tenant: tenant.toUpperCase() },
  );
  assert.equal(status, 200);
  assert.equal(claimsOf(body)['appid'], clientId);
});

test('either of two secrets is accepted, also in a Basic header', async (t) => {
  const authority = await startAuthority(t);
  assert.equal((await postToken(authority, { ...goodForm, client_secret: otherSecret })).status, 200);
  const { client_id: _id, client_secret: _secret, ...bare } = goodForm;
  const headers = { authorization: basic(clientId, secret) };
  assert.equal((await postToken(authority, bare, { headers })).status, 200);
  assert.equal((await postToken(authority, { ...bare, client_id: clientId }, { headers })).status, 200);
});

test("a service's token has its managed identity and the services' tenant", async (t) => {
  const { body } = await postToken(
    await startAuthority(t),
    { ...goodForm, client_id: serviceClientId },
    { tenant: servicesTenant },
  );
  const claims = claimsOf(body);
  assert.equal(claims['iss'], 'https://sts.windows.net/f8cdef31-a31e-4b4a-93e4-5f571e91255a/');
  assert.equal(claims['tid'], servicesTenant);
  assert.equal(claims['xms_mirid'], identity);
  assert.equal('groups' in claims, false);
});

interface Refused {
  readonly form?: Readonly<Record<string, string>> | string;
  readonly post?: TokenPost;
  readonly status: number;
  readonly error: string;
  readonly says: string;
}

const without = (name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(goodForm).filter(([key]) => key !== name));

const refused: Readonly<Record<string, Refused>> = {
  'a wrong secret': {
    form: { ...goodForm, client_secret: `${secret}x` },
    status: 401,
    error: 'invalid_client',
    says:
      'AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret ' +
      `value, not the client secret ID, for a secret added to app '${clientId}'.`,
  },
  'a wrong secret in a Basic header': {
    form: { grant_type: 'client_credentials', scope: goodForm.scope },
    post: { headers: { authorization: basic(clientId, 'wrong') } },
    status: 401,
    error: 'invalid_client',
    says: 'AADSTS7000215: Invalid client secret provided.',
  },
  "another client's secret": {
    form: { ...goodForm, client_id: serviceClientId, client_secret: otherSecret },
    post: { tenant: servicesTenant },
    status: 401,
    error: 'invalid_client',
    says: 'AADSTS7000215: ',
  },
  'no secret': {
    form: without('client_secret'),
    status: 401,
    error: 'invalid_client',
    says: "AADSTS7000216: 'client_assertion', 'client_secret' or 'request' is required",
  },
  'an empty secret': {
    form: { ...goodForm, client_secret: '' },
    status: 401,
    error: 'invalid_client',
    says: 'AADSTS7000216: ',
  },
  'a Bearer header instead of Basic': {
    form: without('client_secret'),
    post: { headers: { authorization: 'Bearer x' } },
    status: 401,
    error: 'invalid_client',
    says: 'AADSTS7000216: ',
  },
  'a secret in two places': {
    post: { headers: { authorization: basic(clientId, secret) } },
    status: 400,
    error: 'invalid_request',
    says: 'AADSTS90023: The request authenticates the client in more than one way',
  },
  'a client that nobody registered': {
    form: { ...goodForm, client_id: objectId },
    status: 400,
    error: 'unauthorized_client',
    says: `AADSTS700016: Application with identifier '${objectId}' was not found in the directory '${tenant}'.`,
  },
  'a client that is not a GUID': {
    form: { ...goodForm, client_id: '../client\r\nx' },
    status: 400,
    error: 'unauthorized_client',
    says: "AADSTS700016: Application with identifier '../client??x' was not found",
  },
  'a client of the other tenant': {
    form: { ...goodForm, client_id: serviceClientId },
    status: 400,
    error: 'unauthorized_client',
    says: 'AADSTS700016: ',
  },
  'a tenant that is not served': {
    post: { tenant: objectId },
    status: 400,
    error: 'invalid_request',
    says: `AADSTS90002: Tenant '${objectId}' not found. Check to make sure you have the correct tenant ID`,
  },
  'the tenant common': {
    post: { tenant: 'common' },
    status: 400,
    error: 'invalid_request',
    says: 'AADSTS50059: No tenant-identifying information found',
  },
  'the tenant organizations': {
    post: { tenant: 'organizations' },
    status: 400,
    error: 'invalid_request',
    says: 'AADSTS50059: ',
  },
  'no grant type': {
    form: without('grant_type'),
    status: 400,
    error: 'invalid_request',
    says: "AADSTS900144: The request body must contain the following parameter: 'grant_type'.",
  },
  'no client_id': {
    form: without('client_id'),
    status: 400,
    error: 'invalid_request',
    says: "AADSTS900144: The request body must contain the following parameter: 'client_id'.",
  },
  'no scope': {
    form: without('scope'),
    status: 400,
    error: 'invalid_request',
    says: "AADSTS900144: The request body must contain the following parameter: 'scope'.",
  },
  'no resource at the version 1 endpoint': {
    post: { endpoint: 'v1' },
    status: 400,
    error: 'invalid_request',
    says: "AADSTS900144: The request body must contain the following parameter: 'resource'.",
  },
  'a grant that is not supported': {
    form: { ...goodForm, grant_type: 'implicit' },
    status: 400,
    error: 'unsupported_grant_type',
    says: "AADSTS70003: The app requested an unsupported grant type 'implicit'.",
  },
  'a scope without /.default': {
    form: { ...goodForm, scope: vaultResource },
    status: 400,
    error: 'invalid_scope',
    says: `AADSTS1002012: The provided value for scope ${vaultResource} is not valid.`,
  },
  'a scope of nothing but /.default': {
    form: { ...goodForm, scope: '/.default' },
    status: 400,
    error: 'invalid_scope',
    says: 'AADSTS1002012: ',
  },
  'two scopes': {
    form: { ...goodForm, scope: `${goodForm.scope} ${managementResource}/.default` },
    status: 400,
    error: 'invalid_scope',
    says: 'AADSTS70011: ',
  },
  'a resource that is not known': {
    form: { ...goodForm, scope: `${vaultResource}/x/.default` },
    status: 400,
    error: 'invalid_resource',
    says: `AADSTS500011: The resource principal named ${vaultResource}/x was not found in the tenant named ${tenant}.`,
  },
  'a parameter that comes twice': {
    form: `${new URLSearchParams(goodForm).toString()}&client_id=x`,
    status: 400,
    error: 'invalid_request',
    says: "AADSTS9000411: The request is not properly formatted. The parameter 'client_id' is duplicated.",
  },
  'a body of JSON': {
    form: JSON.stringify(goodForm),
    post: { headers: { 'content-type': 'application/json' } },
    status: 400,
    error: 'invalid_request',
    says: 'AADSTS90023: The request body is not a form',
  },
  'a body of more than 64 KiB': {
    form: { ...goodForm, filler: 'x'.repeat(64 * 1024) },
    status: 413,
    error: 'invalid_request',
    says: 'AADSTS90023: The request body is larger than 65536 bytes.',
  },
};

for (const [name, { form = goodForm, post = {}, status, error, says }] of Object.entries(refused)) {
  test(`${name} is refused with ${says.slice(0, says.indexOf(':'))}`, async (t) => {
    const answer = await postToken(await startAuthority(t), form, post);
    assert.equal(answer.status, status);
    assert.equal(answer.body['error'], error);
    assert.ok(String(answer.body['error_description']).startsWith(says), String(answer.body['error_description']));
  });
}

test("an error has Entra's envelope and the client's own correlation id", async (t) => {
  const authority = await startAuthority(t);
  const correlationId = 'e1111111-1111-4111-8111-111111111111';
  const headers = { 'client-request-id': correlationId };
  const { body } = await postToken(authority, without('grant_type'), { headers });
  const { trace_id: traceId, error_description: description, ...rest } = body;
  assert.deepEqual(rest, {
    error: 'invalid_request',
    error_codes: [900144],
    timestamp: '2023-11-14 22:13:20Z',
    correlation_id: correlationId,
  });
  assert.match(String(traceId), /^[0-9a-f-]{36}$/);
  assert.ok(
    String(description).endsWith(
      `'grant_type'. Trace ID: ${String(traceId)} Correlation ID: ${correlationId} Timestamp: 2023-11-14 22:13:20Z`,
    ),
  );
});

test('answers with tokens must not be cached', async (t) => {
  const { app } = await startAuthority(t);
  const payload = new URLSearchParams(goodForm).toString();
  const headers = { host: 'localhost:8443', 'content-type': 'application/x-www-form-urlencoded' };
  const response = await app.inject({ method: 'POST', url: `/${tenant}/oauth2/token`, headers, payload });
  assert.equal(response.headers['cache-control'], 'no-store');
  assert.equal(response.headers['pragma'], 'no-cache');
});

test('neither a secret nor a token is logged, even where the query holds the secret and the store fails', async (t) => {
  const authority = await startAuthority(t);
  const good = await postToken(authority, goodForm);
  await postToken(authority, { ...goodForm, client_secret: 'wrong-secret' });
  await authority.app.inject({
    method: 'POST',
    url: `/${tenant}/oauth2/token?client_secret=secret-of-the-query`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: '',
  });
  await authority.world.store.close();
  const failed = await postToken(authority, { ...goodForm, client_secret: 'unseen-secret' });
  assert.equal(failed.status, 500);
  assert.equal(failed.body['error'], 'server_error');
  const log = authority.log.join('');
  assert.match(log, /the store is closed/);
  const said = log + JSON.stringify(failed.body);
  for (const hidden of [
    secret,
    'wrong-secret',
    'secret-of-the-query',
    'unseen-secret',
    String(good.body['access_token']),
  ]) {
    assert.equal(said.includes(hidden), false, `${hidden} was logged`);
  }
});
