import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { recordsWhere, register } from '../data-plane/vaults.ts';
import { assign } from '../world/assign.ts';
import type { Client } from '../world/client.ts';
import { deploy } from './deployments.ts';
import {
  at,
  expectError,
  expectStatus,
  followed,
  group,
  json,
  location,
  namesIn,
  startWithGroup,
} from './resources.ts';

const identities = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
const app = `${identities}/app`;
const credentials = `${app}/federatedIdentityCredentials`;
const properties = {
  issuer: 'https://oidc.prod-aks.azure.com/t/i/',
  subject: 'system:serviceaccount:ns:account',
  audiences: ['api://AzureADTokenExchange'],
};

async function startWithIdentity() {
  const world = await startWithGroup();
  const made = expectStatus(await world.client.arm('PUT', app, { location }), 201);
  return { world, principalId: String(at(made.body, 'properties', 'principalId')) };
}

function put(client: Client, name: string, changed: object = {}) {
  return client.arm('PUT', `${credentials}/${name}`, { properties: { ...properties, ...changed } });
}

test("a credential is shown in Azure's form, listed in its identity, changed and deleted", async () => {
  const { world: started, principalId } = await startWithIdentity();
  await using world = started;
  const { client } = world;
  const subscription = `/subscriptions/${client.identity.subscriptionId}`;
  const shown = {
    id: `${subscription}${credentials}/aks`,
    name: 'aks',
    type: 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials',
    properties,
  };
  assert.deepEqual(expectStatus(await put(client, 'aks'), 201).body, shown);
  assert.deepEqual(expectStatus(await client.arm('GET', `${credentials}/AKS`), 200).body, shown);
  expectStatus(await put(client, 'github', { subject: 'repo:contoso/app:ref:refs/heads/main' }), 201);
  expectStatus(await client.arm('PUT', `${identities}/app2`, { location }), 201);
  const beside = `${identities}/app2/federatedIdentityCredentials`;
  expectStatus(await client.arm('PUT', `${beside}/other`, { properties }), 201);
  assert.deepEqual(namesIn((await client.arm('GET', credentials)).body), ['aks', 'github']);
  assert.deepEqual(namesIn((await client.arm('GET', beside)).body), ['other'], 'an identity has its own');
  const changed = { ...properties, subject: 'system:serviceaccount:ns:other' };
  assert.deepEqual(at(expectStatus(await put(client, 'aks', changed), 200).body, 'properties'), changed);
  // Credentials have no tags, so the list of the group's resources does not show them.
  assert.deepEqual(namesIn((await client.arm('GET', `${group}/resources`)).body), ['app', 'app2']);

  expectStatus(await client.arm('DELETE', `${credentials}/aks`), 200);
  expectStatus(await client.arm('DELETE', `${credentials}/aks`), 204);
  const gone = expectStatus(await client.arm('GET', `${credentials}/aks`), 404);
  assert.equal(at(gone.body, 'error', 'code'), 'ResourceNotFound');
  assert.deepEqual(namesIn((await client.arm('GET', credentials)).body), ['github']);

  const records = await recordsWhere(world, ({ operationName }) => operationName === 'Update service principal', 5);
  const targets = records.map((record) => at(json(record), 'properties', 'targetResources', 0, 'id'));
  assert.equal(targets.filter((id) => String(id) === principalId).length, 4, 'each change is in the directory’s log');
  const deletion = expectStatus(await client.arm('DELETE', group), 202);
  assert.equal((await followed(client, deletion)).status, 200);
});

const malformed = 'The request format was unexpected.';
const refused: Readonly<Record<string, { readonly body: object; readonly name?: string; readonly says: string }>> = {
  'without properties': {
    body: {},
    says: `${malformed} Federated Identity Credential must specify 'issuer', 'subject' and 'audience'.`,
  },
  'without a subject': {
    body: { properties: { ...properties, subject: undefined } },
    says: `${malformed} Federated Identity Credential must specify 'issuer', 'subject' and 'audience'.`,
  },
  'with an empty issuer': {
    body: { properties: { ...properties, issuer: '' } },
    says: `${malformed} Federated Identity Credential must specify 'issuer', 'subject' and 'audience'.`,
  },
  'without an audience': {
    body: { properties: { ...properties, audiences: [] } },
    says: 'Federated identity credentials must have exactly one audience.',
  },
  'with two audiences': {
    body: { properties: { ...properties, audiences: ['a', 'b'] } },
    says: 'Federated identity credentials must have exactly one audience.',
  },
  'whose issuer is not an https URL': {
    body: { properties: { ...properties, issuer: 'http://oidc.example' } },
    says: 'Invalid value found at properties.issuer: it must be the https URL that the issuer writes into its tokens.',
  },
  'whose subject is too long': {
    body: { properties: { ...properties, subject: 's'.repeat(601) } },
    says: 'Invalid value found at properties.subject: it must have 1 to 600 characters.',
  },
  'whose subject is a number': {
    body: { properties: { ...properties, subject: 1 } },
    says: 'Invalid value found at properties.subject: this is a number; it must be a string.',
  },
  'with an expression': {
    body: { properties: { ...properties, claimsMatchingExpression: { value: 'x', languageVersion: 1 } } },
    says:
      'Invalid value found at properties: the member "claimsMatchingExpression" is not supported; remove it, the members ' +
      'are issuer, subject, audiences.',
  },
  'with tags': {
    body: { properties, tags: { a: 'b' } },
    says: "A resource of the type Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials has no 'tags': leave it out.",
  },
  'with a short name': {
    body: { properties },
    name: 'ab',
    says:
      "Federated Identity Credential name 'ab' is invalid: it must have 3 to 120 letters, digits, hyphens and underscores, " +
      'a letter or digit first.',
  },
  'with a long name': {
    body: { properties },
    name: 'a'.repeat(121),
    says: `Federated Identity Credential name '${'a'.repeat(121)}' is invalid: it must have 3 to 120 letters, digits, hyphens and underscores, a letter or digit first.`,
  },
  'with the issuer and subject of another': {
    body: { properties: { ...properties, audiences: ['api://another'] } },
    says: "Issuer and subject combination already exists for this Managed Identity: 'first' has the same issuer and subject.",
  },
};

test('a credential that breaks a rule is refused with that rule, and changes nothing', async () => {
  const { world: started } = await startWithIdentity();
  await using world = started;
  const { client } = world;
  expectStatus(await put(client, 'first'), 201);
  for (const [what, { body, name = 'new', says }] of Object.entries(refused)) {
    const answered = await client.arm('PUT', `${credentials}/${name}`, body);
    assert.equal(at(answered.body, 'error', 'message'), says, what);
    expectError(answered, 400, 'BadRequest', says);
  }
  assert.deepEqual(namesIn((await client.arm('GET', credentials)).body), ['first']);
  expectStatus(await put(client, 'a'.repeat(120), { subject: 'of a long name' }), 201);
  // Subjects are compared with case.
  expectStatus(await put(client, 'abc', { subject: properties.subject.toUpperCase() }), 201);
  const orphan = await client.arm('PUT', `${identities}/none/federatedIdentityCredentials/aks`, { properties });
  assert.equal(at(expectStatus(orphan, 404).body, 'error', 'code'), 'ParentResourceNotFound');
  const tail = '/providers/Microsoft.Resources/tags/default';
  const tagged = await client.arm('PUT', `${credentials}/first${tail}`, { properties: { tags: { a: 'b' } } });
  assert.match(String(at(expectStatus(tagged, 400).body, 'error', 'message')), /has no 'tags': leave it out\.$/);
});

test('an identity can have twenty credentials, also if they arrive at once', async () => {
  const { world: started } = await startWithIdentity();
  await using world = started;
  const { client } = world;
  const made = await Promise.all(Array.from({ length: 21 }, (_, n) => put(client, `c-${n}`, { subject: `s${n}` })));
  assert.equal(made.filter(({ status }) => status === 201).length, 20);
  const last = made.find(({ status }) => status !== 201);
  assert.equal(last?.status, 400);
  assert.match(String(at(last?.body, 'error', 'message')), /has 20 federated identity credentials, the maximum/);
  const [first = ''] = namesIn((await client.arm('GET', credentials)).body);
  expectStatus(await put(client, first, { subject: 'changed' }), 200);
  expectStatus(await client.arm('DELETE', `${credentials}/${first}`), 200);
  expectStatus(await put(client, 'one-more', { subject: 'one more' }), 201);
});

test('a template creates an identity and its credential, and can be deployed again', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const type = 'Microsoft.ManagedIdentity/userAssignedIdentities';
  const apiVersion = '2023-01-31';
  const child = { type: `${type}/federatedIdentityCredentials`, apiVersion, name: 'app/aks', properties };
  const resources = [
    { type, apiVersion, name: 'app', location },
    { ...child, dependsOn: [`[resourceId('${type}', 'app')]`] },
  ];
  for (const name of ['once', 'again']) {
    const { read } = await deploy(client, name, { resources });
    assert.equal(at(read.body, 'properties', 'provisioningState'), 'Succeeded', JSON.stringify(read.body));
  }
  const patched = await client.arm('PATCH', `${credentials}/aks`, { properties: { subject: 'another' } });
  assert.deepEqual(at(expectStatus(patched, 200).body, 'properties'), { ...properties, subject: 'another' });
  expectStatus(await put(client, 'second'), 201);
});

test('of two credentials with one issuer and subject that arrive at once, one is created', async () => {
  const { world: started } = await startWithIdentity();
  await using world = started;
  const names = ['one', 'two', 'three', 'four'];
  const made = await Promise.all(names.map((name) => put(world.client, name)));
  assert.equal(made.filter(({ status }) => status === 201).length, 1);
  assert.equal(made.filter(({ status }) => status === 400).length, 3);
});

test('a caller who may write the identity may federate it, a caller who may only read it may not', async () => {
  const { world: started } = await startWithIdentity();
  await using world = started;
  const { client } = world;
  const [contributor, reader] = [await register(world), await register(world)];
  await assign(client, { role: 'Contributor', principalId: contributor.objectId, at: group });
  await assign(client, { role: 'Reader', principalId: reader.objectId, at: group });
  const path = `${credentials}/${randomUUID()}`;
  const denied = await client.arm('PUT', path, { properties }, { token: await client.token('arm', reader) });
  const action = 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write';
  assert.ok(String(at(expectStatus(denied, 403).body, 'error', 'message')).includes(`action '${action}'`));
  const token = await client.token('arm', contributor);
  expectStatus(await client.arm('PUT', path, { properties }, { token }), 201);
  expectStatus(await client.arm('GET', path, undefined, { token: await client.token('arm', reader) }), 200);
});
