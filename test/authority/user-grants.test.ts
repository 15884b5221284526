import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { servicesTenant } from '../../src/types/caller.ts';
import { addToGroups } from '../../src/directory/client-registration.ts';
import { findObject } from '../../src/directory/objects.ts';
import { updateUser } from '../../src/directory/users.ts';
import type { UserProperties } from '../../src/directory/users.ts';
import {
  azureCli,
  clientId,
  commit,
  groupId,
  managementResource,
  origin,
  password,
  postToken,
  secret,
  startAuthority,
  tenant,
  user,
  vaultResource,
  web,
} from './world.ts';
import type { TestAuthority, TokenPost, TokenResponse } from './world.ts';

const day = 86_400_000;

const passwordForm = {
  grant_type: 'password',
  client_id: azureCli,
  username: user.userPrincipalName,
  password,
  scope: `${managementResource}/.default openid profile offline_access`,
  client_info: '1',
};

const organizations = { tenant: 'organizations' };

async function granted(authority: TestAuthority, form: Record<string, string>, post: TokenPost = organizations) {
  const { status, body } = await postToken(authority, form, post);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

function expectRefusal(
  { status, body }: TokenResponse,
  expected: { status: number; error: string; says: string },
): void {
  const description = String(body['error_description']);
  assert.deepEqual({ status, error: body['error'] }, { status: expected.status, error: expected.error }, description);
  assert.ok(description.startsWith(expected.says), description);
}

const claimsOf = (token: unknown) => decodeJwt(String(token));

async function changeUser({ world }: TestAuthority, properties: UserProperties): Promise<void> {
  const before = await findObject(world.store, { tenantId: tenant, kind: 'user' }, user.id);
  assert.ok(before !== undefined);
  await commit(world.store, await updateUser(world.store, { before, now: world.now() }, properties));
}

test('a password at organizations gets everything that MSAL stores for an account', async (t) => {
  const authority = await startAuthority(t, {
    source: { kind: 'public', address: { family: 4, value: 0xcb_00_71_07, text: '203.0.113.7' } },
  });
  const body = await granted(authority, passwordForm);
  const { access_token: access, id_token: id, refresh_token: refresh, client_info: info, ...rest } = body;
  assert.deepEqual(rest, {
    token_type: 'Bearer',
    expires_in: 3599,
    ext_expires_in: 3599,
    scope: `${managementResource}/user_impersonation ${managementResource}/.default`,
  });
  assert.deepEqual(JSON.parse(Buffer.from(String(info), 'base64url').toString()), { uid: user.id, utid: tenant });
  assert.match(String(refresh), /^[\w-]{100,}$/);

  const { aio: _aio, uti: _uti, sub, ...claims } = claimsOf(access);
  assert.deepEqual(claims, {
    aud: managementResource,
    iss: `https://sts.windows.net/${tenant}/`,
    iat: 1_700_000_000,
    nbf: 1_700_000_000,
    exp: 1_700_003_600,
    acr: '1',
    amr: ['pwd'],
    appid: azureCli,
    appidacr: '0',
    groups: [groupId],
    idp: `https://sts.windows.net/${tenant}/`,
    idtyp: 'user',
    ipaddr: '203.0.113.7',
    name: 'Ada',
    oid: user.id,
    scp: 'user_impersonation',
    tid: tenant,
    unique_name: user.userPrincipalName,
    upn: user.userPrincipalName,
    ver: '1.0',
  });
  const { kid } = authority.world.signingKeys.current;
  assert.deepEqual(decodeProtectedHeader(String(id)), { typ: 'JWT', alg: 'RS256', kid });
  const { sub: idSub, ...idClaims } = claimsOf(id);
  assert.deepEqual(idClaims, {
    aud: azureCli,
    iss: `${origin}/${tenant}/v2.0`,
    iat: 1_700_000_000,
    nbf: 1_700_000_000,
    exp: 1_700_003_600,
    auth_time: 1_700_000_000,
    name: 'Ada',
    oid: user.id,
    preferred_username: user.userPrincipalName,
    tid: tenant,
    ver: '2.0',
  });
  assert.notEqual(idSub, sub, "a user's sub differs for each audience");
});

test('what is not requested is not issued: no id_token, refresh token or client_info', async (t) => {
  const form = { ...passwordForm, scope: `${vaultResource}/.default`, client_info: '' };
  const body = await granted(await startAuthority(t), form, { tenant });
  assert.deepEqual(Object.keys(body).toSorted(), [
    'access_token',
    'expires_in',
    'ext_expires_in',
    'scope',
    'token_type',
  ]);
});

test('the version 1 endpoint names the resource beside the scope', async (t) => {
  const { scope: _scope, ...rest } = { ...passwordForm, resource: vaultResource };
  const authority = await startAuthority(t);
  const body = await granted(authority, { ...rest, scope: 'openid' }, { tenant: 'common', endpoint: 'v1' });
  assert.equal(body['expires_in'], '3599');
  assert.equal(body['resource'], vaultResource);
  const id = claimsOf(body['id_token']);
  assert.deepEqual(
    [id.iss, id['ver'], id['upn']],
    [`https://sts.windows.net/${tenant}/`, '1.0', user.userPrincipalName],
  );
  const refresh = { grant_type: 'refresh_token', client_id: azureCli, refresh_token: String(body['refresh_token']) };
  const again = await granted(authority, { ...refresh, resource: managementResource }, { endpoint: 'v1', tenant });
  assert.equal(claimsOf(again['access_token']).aud, managementResource);
  const same = await granted(authority, refresh, { endpoint: 'v1', tenant });
  assert.equal(claimsOf(same['access_token']).aud, vaultResource, 'without a resource: the previous one');
});

test('scopes of OpenID Connect alone mean the directory', async (t) => {
  const authority = await startAuthority(t);
  const form = { ...passwordForm, scope: 'openid profile' };
  expectRefusal(await postToken(authority, form, organizations), {
    status: 400,
    error: 'invalid_resource',
    says: `AADSTS500011: The resource principal named ${origin} was not found`,
  });
});

interface Refused {
  readonly form?: Record<string, string>;
  readonly post?: TokenPost;
  readonly status?: number;
  readonly error?: string;
  readonly says: string;
}

const refused: Readonly<Record<string, Refused>> = {
  'a wrong password': { form: { password: `${password} ` }, says: 'AADSTS50126: Error validating credentials' },
  'a user that there is not': { form: { username: 'bob@contoso.example' }, says: 'AADSTS50126: Error validating' },
  'a name that can be no user’s': { form: { username: '\u0000'.repeat(3000) }, says: 'AADSTS50126: ' },
  "a user at the services' tenant": {
    post: { tenant: servicesTenant },
    says: `AADSTS50020: User account 'ada@contoso.example' does not exist in tenant '${servicesTenant}'.`,
  },
  'a tenant that is not served': {
    post: { tenant: user.id },
    error: 'invalid_request',
    says: `AADSTS90002: Tenant '${user.id}' not found.`,
  },
  'the tenant of personal accounts': {
    post: { tenant: 'consumers' },
    error: 'invalid_request',
    says: 'AADSTS50059: ',
  },
  'no user name': { form: { username: '' }, error: 'invalid_request', says: 'AADSTS900144: ' },
  'no password': { form: { password: '' }, error: 'invalid_request', says: 'AADSTS900144: ' },
  'no client': { form: { client_id: '' }, error: 'invalid_request', says: 'AADSTS900144: ' },
  'a client that nobody registered': {
    form: { client_id: user.id },
    error: 'unauthorized_client',
    says: 'AADSTS700016: ',
  },
  'a client that keeps a secret and does not show it': {
    form: { client_id: clientId },
    status: 401,
    error: 'invalid_client',
    says: "AADSTS7000218: The request body must contain the following parameter: 'client_assertion' or 'client_secret'",
  },
  'a client that keeps a secret and shows another': {
    form: { client_id: clientId, client_secret: 'x' },
    status: 401,
    error: 'invalid_client',
    says: 'AADSTS7000215: ',
  },
  'a client that keeps none and shows one': {
    form: { client_secret: secret },
    status: 401,
    error: 'invalid_client',
    says: "AADSTS700025: Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
  },
  'two resources': {
    form: { scope: `${vaultResource}/.default ${managementResource}/.default` },
    error: 'invalid_scope',
    says: 'AADSTS70011: ',
  },
  'a scope that is unknown': {
    form: { scope: `${vaultResource}/Secrets.Read` },
    error: 'invalid_scope',
    says: `AADSTS70011: The provided request must include a 'scope' input parameter.`,
  },
};

for (const [name, { form = {}, post = organizations, status = 400, error = 'invalid_grant', says }] of Object.entries(
  refused,
)) {
  test(`${name} is refused with ${says.slice(0, says.indexOf(':'))}`, async (t) => {
    const answer = await postToken(await startAuthority(t), { ...passwordForm, ...form }, post);
    expectRefusal(answer, { status, error, says });
  });
}

test('a confidential client sends its secret with its user’s password', async (t) => {
  const form = { ...passwordForm, client_id: clientId, client_secret: secret };
  const claims = claimsOf((await granted(await startAuthority(t), form))['access_token']);
  assert.deepEqual([claims['appid'], claims['appidacr'], claims['oid']], [clientId, '1', user.id]);
});

test('ten wrong passwords lock the account for a minute, the right one with it, and twice as long the next time', async (t) => {
  const authority = await startAuthority(t);
  const attempt = async (given: string) => {
    const { body } = await postToken(authority, { ...passwordForm, password: given }, organizations);
    return body['error_codes'];
  };
  // The right password resets the count of wrong ones.
  for (let wrong = 0; wrong < 9; wrong += 1) assert.deepEqual(await attempt('wrong'), [50126]);
  assert.equal(await attempt(password), undefined);
  for (let wrong = 0; wrong < 10; wrong += 1) assert.deepEqual(await attempt('wrong'), [50126]);
  assert.deepEqual(await attempt(password), [50053]);
  authority.clock.ms += 59_999;
  assert.deepEqual(await attempt(password), [50053]);
  authority.clock.ms += 1;
  for (let wrong = 0; wrong < 10; wrong += 1) assert.deepEqual(await attempt('wrong'), [50126]);
  authority.clock.ms += 119_999;
  assert.deepEqual(await attempt(password), [50053]);
  authority.clock.ms += 1;
  assert.equal(await attempt(password), undefined);
  // A name without a user is locked like any other.
  const nobody = { ...passwordForm, username: 'bob@contoso.example' };
  for (let wrong = 0; wrong < 10; wrong += 1) await postToken(authority, nobody, organizations);
  assert.deepEqual((await postToken(authority, nobody, organizations)).body['error_codes'], [50053]);
});

test('parallel guesses are limited like guesses one after the other', async (t) => {
  const authority = await startAuthority(t);
  const form = { ...passwordForm, password: 'wrong' };
  const answers = await Promise.all(Array.from({ length: 30 }, () => postToken(authority, form, organizations)));
  const told = (code: number) => answers.filter(({ body }) => String(body['error_codes']) === String(code)).length;
  assert.deepEqual([told(50126), told(90033)], [10, 20]);
  assert.deepEqual((await postToken(authority, passwordForm, organizations)).body['error_codes'], [50053]);
});

test('many right passwords in parallel lock no one out', async (t) => {
  const authority = await startAuthority(t);
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => postToken(authority, passwordForm, organizations)),
  );
  const statuses = new Set(answers.map(({ status }) => status));
  assert.deepEqual(statuses, new Set([200, 503]), 'some must try again');
  await granted(authority, passwordForm);
});

test('the right password of a disabled account gets that answer', async (t) => {
  const authority = await startAuthority(t);
  await changeUser(authority, { accountEnabled: false });
  expectRefusal(await postToken(authority, passwordForm, organizations), {
    status: 400,
    error: 'invalid_grant',
    says: 'AADSTS50057: The user account is disabled.',
  });
  const wrong = await postToken(authority, { ...passwordForm, password: 'wrong' }, organizations);
  assert.deepEqual(wrong.body['error_codes'], [50126]);
});

async function signIn(t: Parameters<typeof startAuthority>[0]) {
  const authority = await startAuthority(t);
  const { refresh_token: token } = await granted(authority, passwordForm);
  const form = { grant_type: 'refresh_token', client_id: azureCli, refresh_token: String(token) };
  return { authority, form };
}

test('a refresh token gets a token for another resource, in the tenant and at organizations, and another of itself', async (t) => {
  const { authority, form } = await signIn(t);
  const asked = { ...form, scope: `${vaultResource}/.default openid offline_access` };
  for (const post of [organizations, { tenant }]) {
    const body = await granted(authority, asked, post);
    assert.equal(claimsOf(body['access_token']).aud, vaultResource);
    assert.notEqual(body['refresh_token'], form.refresh_token);
    assert.equal(claimsOf(body['id_token'])['auth_time'], 1_700_000_000);
  }
});

test('a refresh token lives for 90 days without use, and each use gives another 90', async (t) => {
  const { authority, form } = await signIn(t);
  authority.clock.ms += 90 * day - 1;
  const { refresh_token: next } = await granted(authority, form);
  authority.clock.ms += 1;
  expectRefusal(await postToken(authority, form, organizations), {
    status: 400,
    error: 'invalid_grant',
    says:
      'AADSTS700082: The refresh token has expired due to inactivity. The token was issued on 2023-11-14T22:13:20.500Z ' +
      'and was inactive for 90.00:00:00.',
  });
  authority.clock.ms += 89 * day;
  await granted(authority, { ...form, refresh_token: String(next) });
});

test('a refresh token ends with the password, the account and the session, and with nothing else', async (t) => {
  const { authority, form } = await signIn(t);
  authority.clock.ms += 1;
  await changeUser(authority, { displayName: 'Countess' });
  assert.equal(claimsOf((await granted(authority, form))['access_token'])['name'], 'Countess');
  await changeUser(authority, { password: 'another password' });
  expectRefusal(await postToken(authority, form, organizations), {
    status: 400,
    error: 'invalid_grant',
    says: 'AADSTS50173: The provided grant has expired due to it being revoked',
  });
  await changeUser(authority, { accountEnabled: false });
  assert.deepEqual((await postToken(authority, form, organizations)).body['error_codes'], [50057]);
});

test('a refresh token belongs to one client and one tenant, and any other string is refused', async (t) => {
  const { authority, form } = await signIn(t);
  const flipped = `${form.refresh_token.slice(0, -1)}${form.refresh_token.endsWith('A') ? 'B' : 'A'}`;
  const powershell = '1950a258-227b-4e31-a9cf-717495945fc2';
  const session = authority.world.opaqueTokens.seal('session', { userId: user.id });
  const cases = [
    [
      { ...form, client_id: powershell },
      organizations,
      'AADSTS70000: The provided refresh token was issued to another',
    ],
    [form, { tenant: servicesTenant }, 'AADSTS50020: '],
    [{ ...form, refresh_token: flipped }, organizations, 'AADSTS9002313: '],
    [{ ...form, refresh_token: 'x' }, organizations, 'AADSTS9002313: '],
    [{ ...form, refresh_token: session }, organizations, 'AADSTS9002313: '],
  ] as const;
  for (const [given, post, says] of cases) {
    expectRefusal(await postToken(authority, given, post), { status: 400, error: 'invalid_grant', says });
  }
});

test('the refresh token of a confidential client is refused without its secret', async (t) => {
  const authority = await startAuthority(t);
  const client = { client_id: web.clientId, client_secret: secret };
  const { refresh_token: token } = await granted(authority, { ...passwordForm, ...client });
  const form = { grant_type: 'refresh_token', refresh_token: String(token) };
  const bare = await postToken(authority, { ...form, client_id: web.clientId }, organizations);
  assert.deepEqual(bare.body['error_codes'], [7000218]);
  await granted(authority, { ...form, ...client });
});

test('for a user in more groups than fit, the token says only that there are groups', async (t) => {
  const authority = await startAuthority(t);
  const groups = Array.from(
    { length: 200 },
    (_, index) => `e2000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
  );
  const { store } = authority.world;
  await store.transact(await addToGroups(store, { tenantId: tenant, member: user.id, groups: groups.slice(1) }));
  const full = claimsOf((await granted(authority, passwordForm))['access_token']);
  assert.equal(Array.isArray(full['groups']) && full['groups'].length, 200);
  await store.transact(await addToGroups(store, { tenantId: tenant, member: user.id, groups }));
  const over = claimsOf((await granted(authority, passwordForm))['access_token']);
  assert.deepEqual([over['groups'], over['hasgroups']], [undefined, true]);
});

test('no password, refresh token or code is logged', async (t) => {
  const { authority, form } = await signIn(t);
  await granted(authority, form);
  await postToken(authority, { ...passwordForm, password: 'a-wrong-one' }, organizations);
  await authority.world.store.close();
  assert.equal((await postToken(authority, form, organizations)).status, 500);
  const log = authority.log.join('');
  for (const hidden of [password, 'a-wrong-one', form.refresh_token]) assert.equal(log.includes(hidden), false);
});
