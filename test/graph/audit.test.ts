import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AuditRecord } from '../../src/audit/event.ts';
import { selfSigned } from '../authority/world.ts';
import { at, expectStatus, group, json, location } from '../control-plane/resources.ts';
import { auditText, recordsWhere, register } from '../data-plane/vaults.ts';
import type { Answered, Sent } from '../world/client.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';

const ada = { userPrincipalName: 'ada@contoso.example', password: 'correct horse & battery' };

let world: TestServer;
before(async () => {
  world = await startServerWith({ config: { users: [{ ...ada, displayName: 'Ada' }] } });
});
after(() => world[Symbol.asyncDispose]());

async function graph(method: string, path: string, body?: unknown, sent: Sent = {}): Promise<Answered> {
  const { client } = world;
  return client.send(`${client.home}/v1.0${path}`, { method, body, token: await client.token('arm'), ...sent });
}

/** A record's activity, result and the ids of its targets, the first with its type. */
function said({ operationName, properties }: AuditRecord): readonly unknown[] {
  const targets = Array.from(Object.values(json(properties['targetResources'])));
  return [operationName, properties['result'], targets[0]?.['type'], ...targets.map((target) => target['id'])];
}

/** The directory's records that name the id, once there are `count` of them. */
async function ofDirectory(id: unknown, count: number): Promise<readonly AuditRecord[]> {
  const names = ({ category, properties }: AuditRecord) =>
    category === 'AuditLogs' && JSON.stringify(properties['targetResources']).includes(String(id));
  return recordsWhere(world, names, count);
}

function idOf(made: Answered): string {
  return String(expectStatus(made, 201).body['id']);
}

test('each change of a user or group has a record of the caller, the activity and the object, without a value', async () => {
  const { identity } = world.client;
  const userPrincipalName = 'grace@contoso.example';
  const password = 'one of the passwords that must not be seen';
  const user = { accountEnabled: true, displayName: 'Grace', userPrincipalName, passwordProfile: { password } };
  const id = idOf(await graph('POST', '/users', user));
  expectStatus(
    await graph('PATCH', `/users/${userPrincipalName}`, { surname: 'H', passwordProfile: { password } }),
    204,
  );
  expectStatus(await graph('POST', `/users/${id}/revokeSignInSessions`), 200);
  const team = idOf(await graph('POST', '/groups', { displayName: 'Team', mailNickname: 'team' }));
  const member = { '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${id}` };
  expectStatus(await graph('POST', `/groups/${team}/members/$ref`, member), 204);
  expectStatus(await graph('PATCH', `/groups/${team}`, { description: 'd' }), 204);
  expectStatus(await graph('DELETE', `/groups/${team}/members/${id}/$ref`), 204);
  expectStatus(await graph('DELETE', `/groups/${team}`), 204);
  expectStatus(await graph('DELETE', `/users/${id}`), 204);
  const records = await ofDirectory(id, 6);
  assert.deepEqual(records.map(said), [
    ['Add user', 'success', 'User', id],
    ['Update user', 'success', 'User', id],
    ['Update StsRefreshTokenValidFrom Timestamp', 'success', 'User', id],
    ['Add member to group', 'success', 'Group', team, id],
    ['Remove member from group', 'success', 'Group', team, id],
    ['Delete user', 'success', 'User', id],
  ]);
  assert.deepEqual(
    (await ofDirectory(team, 5)).map(({ operationName }) => operationName),
    ['Add group', 'Add member to group', 'Update group', 'Remove member from group', 'Delete group'],
  );
  const update = records[1];
  assert.equal(update?.resourceId, `/TENANTS/${identity.tenantId.toUpperCase()}/PROVIDERS/MICROSOFT.AADIAM`);
  assert.deepEqual(update.identity?.claim['oid'], identity.objectId);
  assert.equal(update.callerIpAddress, '203.0.113.1');
  assert.equal(update.properties['category'], 'UserManagement');
  assert.deepEqual(update.properties['modifiedProperties'], [
    { displayName: 'surname' },
    { displayName: 'passwordProfile' },
  ]);
  assert.match(update.properties.recordId ?? '', /^[0-9a-f-]{36}$/);
  assert.equal(auditText(world.folder.path).includes(password), false);
});

test('each change of an application, its credentials or its service principal has a record', async () => {
  const id = idOf(await graph('POST', '/applications', { displayName: 'app' }));
  const shown = (await graph('GET', `/applications/${id}`)).body;
  const principal = idOf(await graph('POST', '/servicePrincipals', { appId: shown['appId'] }));
  const secrets: string[] = [];
  for (const path of [`/applications/${id}`, `/servicePrincipals/${principal}`]) {
    const added = expectStatus(await graph('POST', `${path}/addPassword`, {}), 200);
    secrets.push(String(added.body['secretText']));
    expectStatus(await graph('POST', `${path}/removePassword`, { keyId: added.body['keyId'] }), 204);
  }
  const { certificate } = await selfSigned();
  const key = certificate.replace(/-----[A-Z ]+-----|\n/g, '');
  const keyCredentials = [{ type: 'AsymmetricX509Cert', usage: 'Verify', key }];
  expectStatus(await graph('PATCH', `/applications/${id}`, { keyCredentials }), 204);
  expectStatus(await graph('PATCH', `/applications/${id}`, { displayName: 'App' }), 204);
  const credential = { name: 'main', issuer: 'https://i.example', subject: 's', audiences: ['a'] };
  const federated = `/applications/${id}/federatedIdentityCredentials`;
  expectStatus(await graph('POST', federated, credential), 201);
  expectStatus(await graph('PATCH', `${federated}/main`, { subject: 't' }), 204);
  expectStatus(await graph('DELETE', `${federated}/main`), 204);
  expectStatus(await graph('PATCH', `/servicePrincipals/${principal}`, { accountEnabled: false }), 204);
  expectStatus(await graph('DELETE', `/servicePrincipals/${principal}`), 204);
  expectStatus(await graph('DELETE', `/applications/${id}`), 204);
  const credentials = 'Update application – Certificates and secrets management';
  assert.deepEqual(
    (await ofDirectory(id, 9)).map(({ operationName }) => operationName),
    [
      'Add application',
      ...Array.from({ length: 3 }, () => credentials),
      ...Array.from({ length: 4 }, () => 'Update application'),
      'Delete application',
    ],
  );
  assert.deepEqual(
    (await ofDirectory(principal, 5)).map(({ operationName }) => operationName),
    [
      'Add service principal',
      'Add service principal credentials',
      'Remove service principal credentials',
      'Update service principal',
      'Remove service principal',
    ],
  );
  const text = auditText(world.folder.path);
  for (const secret of [...secrets, key]) assert.equal(text.includes(secret), false);
});

test('a refused change has a record with the reason; a read has none', async () => {
  const credentials = await register(world);
  const token = await world.client.token('arm', credentials);
  const earlier = (await recordsWhere(world, ({ category }) => category === 'AuditLogs', 0)).length;
  expectStatus(await graph('GET', '/users', undefined, { token }), 200);
  expectStatus(await graph('DELETE', '/users/ada@contoso.example', undefined, { token }), 403);
  expectStatus(await graph('POST', '/groups', { displayName: 'x', visibility: 'Public' }), 400);
  const records = await recordsWhere(world, ({ category }) => category === 'AuditLogs', earlier + 2);
  const [denied, wrong] = records.slice(earlier);
  assert.equal(records.length, earlier + 2);
  assert.ok(denied !== undefined && wrong !== undefined);
  assert.deepEqual(said(denied), ['Delete user', 'failure', 'User', 'ada@contoso.example']);
  assert.equal(denied.identity?.claim['oid'], credentials.objectId);
  assert.match(denied.resultDescription ?? '', /^Insufficient privileges to complete the operation\./);
  assert.deepEqual(said(wrong), ['Add group', 'failure', undefined]);
  assert.match(wrong.resultDescription ?? '', /^The property 'visibility' is not supported here/);
});

test('a change that is refused for its body has a record without the body', async () => {
  const earlier = (await recordsWhere(world, ({ category }) => category === 'AuditLogs', 0)).length;
  expectStatus(await graph('POST', '/groups', { displayName: 'x' }, { headers: { 'content-type': 'text' } }), 415);
  expectStatus(await graph('POST', '/groups', '[]'), 400);
  const records = await recordsWhere(world, ({ category }) => category === 'AuditLogs', earlier + 2);
  assert.deepEqual(
    records.slice(earlier).map((record) => [...said(record), record.properties['modifiedProperties']]),
    Array.from({ length: 2 }, () => ['Add group', 'failure', undefined, undefined]),
  );
});

test("a change of a resource's service principal has a record, in the transaction of the resource", async () => {
  const { client } = world;
  expectStatus(await client.arm('PUT', group, { location }), 201);
  const site = `${group}/providers/Microsoft.Web/sites/app`;
  const body = { location, identity: { type: 'SystemAssigned' } };
  const made = expectStatus(await client.arm('PUT', site, body), 201);
  const principalId = at(made.body, 'identity', 'principalId');
  expectStatus(await client.arm('PUT', site, body), 200);
  expectStatus(await client.arm('DELETE', site), 200);
  const records = await ofDirectory(principalId, 2);
  assert.deepEqual(records.map(said), [
    ['Add service principal', 'success', 'ServicePrincipal', principalId],
    ['Remove service principal', 'success', 'ServicePrincipal', principalId],
  ]);
  assert.equal(
    records[0]?.properties.requestUri?.split('?')[0],
    `${client.home}/subscriptions/${client.identity.subscriptionId}${site}`,
  );
});

test('a failed sign-in has a record, with the user name only if it exists', async () => {
  const { client } = world;
  const { tenantId, clientId } = client.identity;
  const post = (form: Readonly<Record<string, string>>): Promise<Answered> =>
    client.send(`${client.home}/${tenantId}/oauth2/v2.0/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'test' },
      body: new URLSearchParams({ scope: `${client.home}/.default`, ...form }).toString(),
    });
  const azureCli = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
  const typed = 'typed into the wrong field';
  const asUser = { grant_type: 'password', client_id: azureCli };
  const asClient = { grant_type: 'client_credentials', client_secret: typed };
  const failures = [
    {
      form: { ...asUser, username: ada.userPrincipalName, password: typed },
      code: '50126',
      user: ada.userPrincipalName,
    },
    { form: { ...asUser, username: typed, password: 'x' }, code: '50126' },
    { form: { ...asClient, client_id: clientId }, code: '7000215', app: clientId },
    { form: { ...asClient, client_id: typed }, code: '700016' },
  ];
  for (const { form } of failures) assert.ok((await post(form)).status >= 400);
  assert.equal((await post({ ...asUser, username: ada.userPrincipalName, password: ada.password })).status, 200);
  assert.equal((await post({ grant_type: 'none', client_id: clientId })).status, 400);
  const header = { 'x-identity-header': typed };
  const msi = `${client.home}/msi/token?api-version=2019-08-01&resource=${encodeURIComponent(client.home)}`;
  expectStatus(await client.send(msi, { headers: header }), 401);
  const records = await recordsWhere(world, ({ category }) => category === 'SignInLogs', 5);
  assert.deepEqual(
    records.map(({ operationName, resultType, properties }) => [
      operationName,
      resultType,
      properties['userPrincipalName'],
      properties.httpStatusCode,
    ]),
    [
      ['Sign-in activity', '50126', ada.userPrincipalName, 400],
      ['Sign-in activity', '50126', undefined, 400],
      ['Sign-in activity', '7000215', undefined, 401],
      ['Sign-in activity', '700016', undefined, 400],
      ['Sign-in activity', 'unauthorized', undefined, 401],
    ],
  );
  assert.deepEqual(
    records.map(({ properties }) => properties['appId']),
    [azureCli, azureCli, clientId, undefined, undefined],
  );
  assert.equal(records[0]?.callerIpAddress, '203.0.113.1');
  assert.equal(records[0].properties.clientInfo, 'test');
  assert.match(records[0].resultDescription ?? '', /^AADSTS50126: Error validating credentials/);
  const text = auditText(world.folder.path);
  assert.equal(text.includes(typed), false);
  assert.equal(text.includes(ada.password), false);
});
