import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { globalAdministrators } from '../../src/directory/groups.ts';
import { servicesTenant } from '../../src/types/caller.ts';
import { selfSigned } from '../authority/world.ts';
import { at, claimsOf, expectStatus, json } from '../control-plane/resources.ts';
import { register } from '../data-plane/vaults.ts';
import type { Answered, Client, Credentials, Json, Sent } from '../world/client.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';

const ada = { userPrincipalName: 'ada@contoso.example', password: 'correct horse & battery' };
const azureCli = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';

let world: TestServer;
before(async () => {
  world = await startServerWith({
    config: { users: [{ ...ada, displayName: 'Ada' }] },
  });
});
after(() => world[Symbol.asyncDispose]());

async function graph(method: string, path: string, body?: unknown, sent: Sent = {}): Promise<Answered> {
  const { client } = world;
  return client.send(`${client.home}/v1.0${path}`, { method, body, token: await client.token('arm'), ...sent });
}

const query = (path: string, options: Record<string, string>) => `${path}?${new URLSearchParams(options).toString()}`;

function value(answered: Answered): readonly Json[] {
  const listed: unknown = expectStatus(answered, 200).body['value'];
  assert.ok(Array.isArray(listed));
  return listed.map(json);
}

function expectRefusal({ status, body }: Answered, expected: { status: number; code: string; says: string }): void {
  const error = at(body, 'error');
  const { code, message } = error;
  assert.deepEqual({ status, code }, { status: expected.status, code: expected.code }, String(message));
  assert.ok(String(message).startsWith(expected.says), String(message));
  assert.match(String(at(error, 'innerError', 'request-id')), /^[0-9a-f-]{36}$/);
}

/** Posts a form to the token endpoint. */
function postForm({ home, send }: Client, tenant: string, form: Record<string, string>): Promise<Answered> {
  return send(`${home}/${tenant}/oauth2/v2.0/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ scope: `${home}/.default`, ...form }).toString(),
  });
}

/** The result of an application's sign-in: the number of the error, or that it got a token. */
async function loginCode(client: Client, { clientId, clientSecret }: Credentials): Promise<string> {
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
  const { status, body } = await postForm(client, client.identity.tenantId, form);
  return status === 200 ? 'granted' : String(body['error_description']).replace(/:.*/, '');
}

const passwordForm = ({ userPrincipalName: username, password } = ada) => ({
  grant_type: 'password',
  client_id: azureCli,
  username,
  password,
});

async function userToken(user = ada): Promise<string> {
  const answer = await postForm(world.client, 'organizations', passwordForm(user));
  return String(expectStatus(answer, 200).body['access_token']);
}

test('a user is created, found by id and name, changed and deleted', async () => {
  const password = 'another password';
  const userPrincipalName = 'Bob@contoso.example';
  const made = expectStatus(
    await graph('POST', '/users', {
      accountEnabled: true,
      displayName: 'Bob',
      mailNickname: 'bob',
      passwordProfile: { forceChangePasswordNextSignIn: false, password },
      userPrincipalName,
    }),
    201,
  );
  const id = String(made.body['id']);
  assert.equal(made.body['@odata.context'], `${world.client.home}/v1.0/$metadata#users/$entity`);
  assert.equal(JSON.stringify(made.body).includes(password), false);
  for (const name of [id, id.toUpperCase(), userPrincipalName.toLowerCase()]) {
    assert.equal(expectStatus(await graph('GET', `/users/${name}`), 200).body['displayName'], 'Bob');
  }
  const filter = query('/users', { $filter: `userPrincipalName eq '${userPrincipalName}'`, $select: 'id,mail' });
  assert.deepEqual(value(await graph('GET', filter)), [{ id, mail: null }]);
  expectStatus(await graph('PATCH', `/users/${id}`, { displayName: 'Robert', surname: 'B' }), 204);
  assert.equal((await graph('GET', `/users/${id}`)).body['surname'], 'B');

  const token = await userToken({ userPrincipalName, password });
  assert.equal((await graph('GET', '/me', undefined, { token })).body['displayName'], 'Robert');
  expectStatus(await graph('DELETE', `/users/${userPrincipalName}`), 204);
  expectRefusal(await graph('GET', `/users/${id}`), {
    status: 404,
    code: 'Request_ResourceNotFound',
    says: `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  });
  expectRefusal(await graph('GET', '/me', undefined, { token }), {
    status: 400,
    code: 'BadRequest',
    says: '/me request is only valid with delegated authentication flow.',
  });
});

test('/me shows a signed-in user, and refuses an application', async () => {
  const form = { ...passwordForm(), scope: `${world.client.home}/.default openid` };
  const { body } = await postForm(world.client, 'organizations', form);
  const token = String(body['access_token']);
  assert.equal((await graph('GET', '/me', undefined, { token })).body['userPrincipalName'], ada.userPrincipalName);
  const info = await world.client.send(`${world.client.home}/oidc/userinfo`, { token });
  assert.deepEqual(expectStatus(info, 200).body, {
    sub: String(at(claimsOf(String(body['id_token'])), 'sub')),
    name: 'Ada',
    preferred_username: ada.userPrincipalName,
  });
  expectStatus(await graph('GET', '/me'), 400);
});

test('every caller of the tenant may read the directory, and only administrators may change it', async () => {
  const token = await userToken();
  const robot = await register(world);
  const tokens = [token, await world.client.token('arm', robot)];
  for (const caller of tokens) {
    expectStatus(await graph('GET', '/users', undefined, { token: caller }), 200);
    for (const [method, path, body] of [
      ['POST', '/applications', { displayName: 'x' }],
      ['PATCH', `/users/${ada.userPrincipalName}`, { displayName: 'x' }],
      ['DELETE', `/users/${ada.userPrincipalName}`, undefined],
      ['POST', `/groups/${globalAdministrators}/members/$ref`, { '@odata.id': `x/${String(claimsOf(token)['oid'])}` }],
    ] as const) {
      expectRefusal(await graph(method, path, body, { token: caller }), {
        status: 403,
        code: 'Authorization_RequestDenied',
        says: 'Insufficient privileges to complete the operation.',
      });
    }
  }
  const reference = { '@odata.id': `${world.client.home}/v1.0/directoryObjects/${String(claimsOf(token)['oid'])}` };
  expectStatus(await graph('POST', `/groups/${globalAdministrators}/members/$ref`, reference), 204);
  const asked = { displayName: 'of ada' };
  expectStatus(await graph('POST', '/applications', asked, { token }), 403);
  expectStatus(await graph('POST', '/applications', asked, { token: await userToken() }), 201);
});

test('a token must be of this directory, for this directory, and valid now', async () => {
  const { client } = world;
  expectRefusal(await client.send(`${client.home}/v1.0/users`), {
    status: 401,
    code: 'InvalidAuthenticationToken',
    says: 'Access token is empty.',
  });
  const forVaults = await client.token('vault');
  expectRefusal(await graph('GET', '/users', undefined, { token: forVaults }), {
    status: 401,
    code: 'InvalidAuthenticationToken',
    says: `Access token validation failure. Invalid audience 'https://vault.localhost:${world.port}'`,
  });
  const service = await register(world, { tenantId: servicesTenant });
  expectRefusal(await graph('GET', '/users', undefined, { token: await client.token('arm', service) }), {
    status: 401,
    code: 'InvalidAuthenticationToken',
    says: "Access token validation failure. Invalid issuer 'https://sts.windows.net/f8cdef31-",
  });
  expectStatus(
    await graph('GET', '/users', undefined, { token: await client.token('https://graph.microsoft.com/') }),
    200,
  );
  const good = await client.token('arm');
  const [header = '', payload = ''] = good.split('.');
  expectStatus(await graph('GET', '/users', undefined, { token: `${header}.${payload}.x` }), 401);
});

test('a group has members of several kinds, directly and through other groups', async () => {
  const made = async (name: string) =>
    String(
      expectStatus(
        await graph('POST', '/groups', {
          displayName: name,
          mailNickname: name,
          mailEnabled: false,
          securityEnabled: true,
        }),
        201,
      ).body['id'],
    );
  const [inner, outer] = [await made('inner'), await made('outer')];
  const robot = await register(world);
  const { body: user } = await graph('GET', `/users/${ada.userPrincipalName}`);
  const members = [String(user['id']), robot.objectId];
  const reference = (id: string) => ({ '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${id}` });
  for (const id of members) expectStatus(await graph('POST', `/groups/${inner}/members/$ref`, reference(id)), 204);
  expectStatus(await graph('POST', `/groups/${outer}/members/$ref`, reference(inner)), 204);
  expectRefusal(await graph('POST', `/groups/${inner}/members/$ref`, reference(robot.objectId)), {
    status: 400,
    code: 'Request_BadRequest',
    says: "One or more added object references already exist for the following modified properties: 'members'.",
  });
  const listed = value(await graph('GET', `/groups/${inner}/members`));
  assert.deepEqual(
    new Map(listed.map((member) => [String(member['id']), String(member['@odata.type'])])),
    new Map([
      [members[0], '#microsoft.graph.user'],
      [members[1], '#microsoft.graph.servicePrincipal'],
    ]),
  );
  const first = await graph('GET', query(`/groups/${inner}/members`, { $top: '1' }));
  const next = new URL(String(first.body['@odata.nextLink']));
  const rest = await graph('GET', `${next.pathname.replace('/v1.0', '')}${next.search}`);
  assert.deepEqual([...value(first), ...value(rest)], listed);
  assert.equal(rest.body['@odata.nextLink'], undefined);

  const groupsOf = await graph('POST', `/users/${members[0]}/getMemberGroups`, { securityEnabledOnly: false });
  assert.ok(value(groupsOf).some((id) => String(id) === outer));
  const check = { groupIds: [outer, randomUUID()] };
  const checked = await graph('POST', `/directoryObjects/${robot.objectId}/checkMemberGroups`, check);
  assert.deepEqual(checked.body['value'], [outer]);
  const claims = claimsOf(await world.client.token('https://graph.microsoft.com', robot));
  assert.deepEqual(
    Object.values(claims['groups'] ?? {})
      .map(String)
      .toSorted(),
    [inner, outer].toSorted(),
  );

  expectStatus(await graph('DELETE', `/groups/${inner}/members/${robot.objectId}/$ref`), 204);
  expectStatus(await graph('DELETE', `/groups/${inner}/members/${robot.objectId}/$ref`), 404);
  expectStatus(await graph('DELETE', `/groups/${inner}`), 204);
  assert.deepEqual(value(await graph('GET', `/groups/${outer}/members`)), []);
});

test('an application gets a service principal and a secret, and signs in with it until that is removed or has expired', async () => {
  const { client } = world;
  const { body: app } = expectStatus(await graph('POST', '/applications', { displayName: 'robot' }), 201);
  const [id, appId] = [String(app['id']), String(app['appId'])];
  const added = expectStatus(
    await graph('POST', `/applications/${id}/addPassword`, { passwordCredential: { displayName: 'rbac' } }),
    200,
  );
  const clientSecret = String(added.body['secretText']);
  assert.equal(added.body['hint'], clientSecret.slice(0, 3));
  const signIn = () => loginCode(client, { clientId: appId, clientSecret });
  assert.equal(await signIn(), 'AADSTS7000229', 'without a service principal');
  const principal = expectStatus(await graph('POST', '/servicePrincipals', { appId, accountEnabled: true }), 201);
  assert.equal(await signIn(), 'granted');
  expectRefusal(await graph('POST', '/servicePrincipals', { appId }), {
    status: 400,
    code: 'Request_BadRequest',
    says: `The service principal cannot be created, updated, or restored because the service principal name ${appId} is`,
  });
  const stranger = randomUUID();
  expectRefusal(await graph('POST', '/servicePrincipals', { appId: stranger }), {
    status: 400,
    code: 'Request_BadRequest',
    says: `The appId '${stranger}' of the service principal does not reference a valid application object.`,
  });
  const path = `/servicePrincipals/${String(principal.body['id'])}`;
  expectStatus(await graph('PATCH', path, { accountEnabled: false }), 204);
  assert.equal(await signIn(), 'AADSTS7000112');
  expectStatus(await graph('PATCH', path, { accountEnabled: true }), 204);

  const { body: shown } = await graph('GET', `/applications/${id}`);
  assert.equal(JSON.stringify(shown).includes(clientSecret), false);
  assert.equal(at(shown, 'passwordCredentials', 0, 'secretText'), null);
  const keyId = String(added.body['keyId']);
  expectStatus(await graph('POST', `/applications/${id}/removePassword`, { keyId }), 204);
  expectStatus(await graph('POST', `/applications/${id}/removePassword`, { keyId }), 400);
  assert.equal(await signIn(), 'AADSTS7000215');
  expectStatus(await graph('DELETE', `/applications/${id}`), 204);
  assert.equal(await signIn(), 'AADSTS700016');
  expectStatus(await graph('GET', path), 404);
});

test('an expired secret is refused as expired, and one that is not valid yet as wrong', async () => {
  await using own = await startServerWith({});
  const { client } = own;
  const send = async (method: string, path: string, body: unknown) =>
    client.send(`${client.home}/v1.0${path}`, { method, body, token: await client.token('arm') });
  const { body: app } = expectStatus(await send('POST', '/applications', { displayName: 'robot' }), 201);
  expectStatus(await send('POST', '/servicePrincipals', { appId: app['appId'] }), 201);
  const iso = (days: number) => new Date(own.now() + days * 86_400_000).toISOString();
  const add = async (passwordCredential: object) =>
    String(
      expectStatus(await send('POST', `/applications/${String(app['id'])}/addPassword`, { passwordCredential }), 200)
        .body['secretText'],
    );
  const short = await add({ endDateTime: iso(1) });
  const later = await add({ startDateTime: iso(1), endDateTime: iso(2) });
  const signIn = (secret: string) => loginCode(client, { clientId: String(app['appId']), clientSecret: secret });
  assert.equal(await signIn(short), 'granted');
  assert.equal(await signIn(later), 'AADSTS7000222');
  own.advance(86_400_000);
  assert.equal(await signIn(short), 'AADSTS7000222');
  assert.equal(await signIn(later), 'granted');
  assert.equal(await signIn(`${short}x`), 'AADSTS7000215');
});

test('an application can be created with a certificate, which is not shown and can be sent back unchanged', async () => {
  const { certificate } = await selfSigned();
  const der = certificate.replaceAll(/-----[^-]+-----|\s/g, '');
  const keyCredentials = [{ key: der, type: 'AsymmetricX509Cert', usage: 'Verify', displayName: 'laptop' }];
  const made = expectStatus(await graph('POST', '/applications', { displayName: 'with a key', keyCredentials }), 201);
  const path = `/applications/${String(made.body['id'])}`;
  const [shown] = Object.values<Json>(made.body['keyCredentials'] ?? {});
  assert.equal(shown?.['key'], null);
  assert.match(String(shown?.['customKeyIdentifier']), /^[0-9A-F]{40}$/);
  expectStatus(await graph('PATCH', path, { keyCredentials: [shown] }), 204);
  assert.deepEqual((await graph('GET', path)).body['keyCredentials'], made.body['keyCredentials']);
  expectRefusal(await graph('PATCH', path, { keyCredentials: [{ key: 'AAAA' }] }), {
    status: 400,
    code: 'Request_BadRequest',
    says: "Invalid value specified for property 'keyCredentials[0].key' of the resource: it is not an X.509 certificate.",
  });
});

test('an application has federated identity credentials, one for each subject of an issuer', async () => {
  const { body: app } = expectStatus(await graph('POST', '/applications', { displayName: 'federated' }), 201);
  const path = `/applications/${String(app['id'])}/federatedIdentityCredentials`;
  const credential = {
    name: 'main',
    issuer: 'https://ci.example',
    subject: 's',
    audiences: ['api://AzureADTokenExchange'],
  };
  const { body: made } = expectStatus(await graph('POST', path, credential), 201);
  expectRefusal(await graph('POST', path, { ...credential, name: 'again' }), {
    status: 400,
    code: 'Request_BadRequest',
    says: "Invalid value specified for property 'subject' of the resource: 'main' has the same issuer and subject",
  });
  for (const [given, says] of [
    [{ audiences: ['x', 'y'] }, "'audiences' of the resource: it must have exactly one audience"],
    [{ name: 'MAIN' }, "'name' of the resource: 'main' has the same name"],
    [{ name: 'b' }, "'name' of the resource: it must have 3 to 120 letters, digits, hyphens and underscores"],
    [{ issuer: 'http://ci.example' }, "'issuer' of the resource: it must be the https URL"],
    [{ subject: 's'.repeat(601) }, "'subject' of the resource: it must have 1 to 600 characters"],
  ] as const) {
    const answered = await graph('POST', path, { ...credential, name: 'other', subject: 't', ...given });
    const expected = { status: 400, code: 'Request_BadRequest' };
    expectRefusal(answered, { ...expected, says: `Invalid value specified for property ${says}` });
  }
  expectStatus(await graph('PATCH', `${path}/${String(made['id'])}`, { subject: 'other' }), 204);
  assert.equal((await graph('GET', `${path}/main`)).body['subject'], 'other');
  assert.equal(value(await graph('GET', path)).length, 1);
  expectStatus(await graph('DELETE', `${path}/main`), 204);
  expectStatus(await graph('GET', `${path}/main`), 404);
});

test('lists are filtered, selected and paged, and continue where a page ended', async () => {
  const names = Array.from({ length: 7 }, (_, index) => `paged ${index}`);
  for (const displayName of names) {
    expectStatus(await graph('POST', '/groups', { displayName, mailNickname: 'paged' }), 201);
  }
  const seen: Json[] = [];
  let url = query('/groups', { $filter: "startswith(displayName,'PAGED')", $select: 'displayName', $top: '3' });
  for (let page = 0; page < 3; page += 1) {
    const answer = await graph('GET', url);
    const found = value(answer);
    assert.equal(found.length, [3, 3, 1][page]);
    seen.push(...found);
    const link = answer.body['@odata.nextLink'];
    assert.equal(link === undefined, page === 2);
    if (link !== undefined) url = String(link).slice(`${world.client.home}/v1.0`.length);
  }
  assert.deepEqual(seen.map((group) => String(group['displayName'])).toSorted(), names);
});

test('objects of several kinds are found by their ids, or only those of the requested types', async () => {
  const { body: user } = await graph('GET', `/users/${ada.userPrincipalName}`);
  const { objectId } = world.client.identity;
  const ids = [objectId, String(user['id']), randomUUID()];
  const types = (answer: Answered) => value(answer).map((object) => object['@odata.type']);
  const all = await graph('POST', '/directoryObjects/getByIds', { ids });
  assert.deepEqual(types(all), ['#microsoft.graph.servicePrincipal', '#microsoft.graph.user']);
  const some = await graph('POST', '/directoryObjects/getByIds', { ids, types: ['user', 'group'] });
  assert.deepEqual(types(some), ['#microsoft.graph.user']);
  const one = await graph('GET', query(`/directoryObjects/${objectId}`, { $select: 'displayName' }));
  assert.equal(one.body['displayName'], 'Postern administrator');
  const { clientId, tenantId } = world.client.identity;
  const filter = `servicePrincipalNames/any(c:c eq '${clientId}')`;
  assert.equal(value(await graph('GET', query('/servicePrincipals', { $filter: filter })))[0]?.['id'], objectId);
  assert.equal(value(await graph('GET', '/organization'))[0]?.['id'], tenantId);
});

const refused: Readonly<
  Record<string, { method?: string; path: string; body?: unknown; status?: number; code: string; says: string }>
> = {
  'an operation that is not there': {
    path: '/applications/x/owners',
    code: 'BadRequest',
    says: "Resource not found for the segment 'applications/x/owners': this operation is not supported here.",
  },
  'a query option that is not supported': {
    path: '/users?$expand=manager',
    code: 'Request_UnsupportedQuery',
    says: "The query option '$expand' is not supported. Leave it out.",
  },
  'a query option twice': {
    path: '/users?$top=1&$top=2',
    code: 'Request_UnsupportedQuery',
    says: "Unsupported or invalid query option '$top': it is given more than once.",
  },
  'a page of nothing': {
    path: '/users?$top=0',
    code: 'Request_UnsupportedQuery',
    says: "Unsupported or invalid query option '$top': it must be a whole number from 1 to 999.",
  },
  'a skip token of somebody else': {
    path: '/users?$skiptoken=x',
    code: 'Request_UnsupportedQuery',
    says: "Unsupported or invalid query option '$skiptoken': it was not issued by this server",
  },
  'a property that there is not': {
    path: '/users/ada@contoso.example?$select=passwordHash',
    code: 'Request_UnsupportedQuery',
    says: "Unsupported or invalid query option '$select': the property 'passwordHash' does not exist.",
  },
  'a filter over one': {
    path: `/users?$filter=${encodeURIComponent("passwordHash eq 'x'")}`,
    code: 'Request_UnsupportedQuery',
    says: "Unsupported or invalid query option '$filter': 'passwordHash' is not a property",
  },
  'a property that is not supported': {
    method: 'POST',
    path: '/groups',
    body: { displayName: 'x', mailNickname: 'x', visibility: 'Public' },
    code: 'Request_BadRequest',
    says: "The property 'visibility' is not supported here. Supported: description, displayName, groupTypes",
  },
  'a value that is not supported': {
    method: 'POST',
    path: '/applications',
    body: { displayName: 'x', signInAudience: 'AzureADMultipleOrgs' },
    code: 'Request_BadRequest',
    says: 'Invalid value specified for property \'signInAudience\' of the resource: only "AzureADMyOrg" is supported.',
  },
  'a user without a password': {
    method: 'POST',
    path: '/users',
    body: { displayName: 'x', userPrincipalName: 'x@contoso.example' },
    code: 'Request_BadRequest',
    says: "Invalid value specified for property 'passwordProfile.password' of the resource: A value is required.",
  },
  'a name that is taken': {
    method: 'POST',
    path: '/users',
    body: { displayName: 'x', userPrincipalName: 'ADA@contoso.example', passwordProfile: { password: 'eight888' } },
    code: 'Request_BadRequest',
    says: "Another object with the same value 'ADA@contoso.example' for a property that must be unique already exists.",
  },
  'a redirect URI that is not encrypted': {
    method: 'POST',
    path: '/applications',
    body: { displayName: 'x', web: { redirectUris: ['http://app.example/'] } },
    code: 'Request_BadRequest',
    says: "Invalid value specified for property 'web.redirectUris' of the resource: 'http://app.example/' is not encrypted",
  },
  'a body that is not an object': {
    method: 'POST',
    path: '/users',
    body: [],
    code: 'BadRequest',
    says: 'Unable to read JSON request payload: it is not an object.',
  },
  'a body that is too large': {
    method: 'POST',
    path: '/users',
    body: { displayName: 'x'.repeat(1_048_576) },
    status: 413,
    code: 'RequestEntityTooLarge',
    says: 'The request body is larger than the 1048576 bytes that are allowed.',
  },
};

for (const [name, { method = 'GET', path, body, status = 400, code, says }] of Object.entries(refused)) {
  test(`${name} is refused with ${status} ${code}`, async () => {
    expectRefusal(await graph(method, path, body), { status, code, says });
  });
}

test('revoked sessions end, and the password stays valid', async () => {
  const { client } = world;
  const form = { ...passwordForm(), scope: `${client.home}/.default offline_access` };
  const post = (given: Record<string, string>) => postForm(client, 'organizations', given);
  const { body } = expectStatus(await post(form), 200);
  const refresh = { grant_type: 'refresh_token', client_id: azureCli, refresh_token: String(body['refresh_token']) };
  expectStatus(await post(refresh), 200);
  world.advance(1000);
  expectStatus(await graph('POST', `/users/${ada.userPrincipalName}/revokeSignInSessions`), 200);
  assert.match(String((await post(refresh)).body['error_description']), /^AADSTS50173: /);
  expectStatus(await post(form), 200);
});
