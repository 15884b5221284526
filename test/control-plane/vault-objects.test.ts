import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '../world/client.ts';
import { newClient } from '../data-plane/vaults.ts';
import { at, expectError, expectStatus, namesIn, putVault, startWithGroup, vaults } from './resources.ts';

const secrets = `${vaults}/kv-objects/secrets`;
const keys = `${vaults}/kv-objects/keys`;

/** A vault whose firewall denies every caller, and whose access policy allows the administrator everything. */
async function startWithVault() {
  const world = await startWithGroup();
  const { client } = world;
  const { tenantId, objectId } = client.identity;
  const permissions = { secrets: ['all'], keys: ['all'] };
  const networkAcls = { defaultAction: 'Deny', bypass: 'None' };
  const properties = { accessPolicies: [{ tenantId, objectId, permissions }], networkAcls };
  expectStatus(await putVault(client, 'kv-objects', properties), 200);
  return { world, client };
}

async function openVault(client: Client): Promise<void> {
  const networkAcls = { defaultAction: 'Allow' };
  expectStatus(await client.arm('PATCH', `${vaults}/kv-objects`, { properties: { networkAcls } }), 200);
}

test('a secret is written past the firewall, and its value is never returned', async () => {
  const { world, client } = await startWithVault();
  await using _ = world;
  expectStatus(await client.vault('kv-objects', 'GET', '/secrets/word'), 403);
  const properties = {
    value: 'xyzzy-of-arm',
    contentType: 'text/plain',
    attributes: { enabled: true, exp: 4102444800 },
  };
  const created = expectStatus(await client.arm('PUT', `${secrets}/word`, { properties, tags: { a: 'b' } }), 200);
  const uri = `${client.vaultOrigin('kv-objects')}/secrets/word`;
  const version = String(at(created.body, 'properties', 'secretUriWithVersion')).slice(uri.length + 1);
  assert.match(version, /^[0-9a-f]{32}$/);
  const madeAt = at(created.body, 'properties', 'attributes', 'created');
  assert.equal(typeof madeAt, 'number');
  assert.deepEqual(created.body, {
    id: `/subscriptions/${client.identity.subscriptionId}${secrets}/word`,
    name: 'word',
    type: 'Microsoft.KeyVault/vaults/secrets',
    location: 'westeurope',
    tags: { a: 'b' },
    properties: {
      contentType: 'text/plain',
      attributes: { enabled: true, exp: 4102444800, created: madeAt, updated: madeAt },
      secretUri: uri,
      secretUriWithVersion: `${uri}/${version}`,
    },
  });
  const patch = { properties: { attributes: { enabled: false } } };
  const patched = expectStatus(await client.arm('PATCH', `${secrets}/word`, patch), 200);
  assert.equal(at(patched.body, 'properties', 'secretUriWithVersion'), `${uri}/${version}`);
  // The data plane discloses no disabled secret; here it has no value to hide.
  const got = expectStatus(await client.arm('GET', `${secrets}/word`), 200);
  assert.equal(at(got.body, 'properties', 'attributes', 'enabled'), false);
  const listed = expectStatus(await client.arm('GET', secrets), 200);
  assert.deepEqual(namesIn(listed.body), ['word']);
  for (const { body } of [created, patched, got, listed]) assert.doesNotMatch(JSON.stringify(body), /xyzzy/);

  const again = { properties: { value: 'plugh', attributes: { enabled: true } } };
  const second = expectStatus(await client.arm('PATCH', `${secrets}/word`, again), 200);
  assert.notEqual(at(second.body, 'properties', 'secretUriWithVersion'), `${uri}/${version}`);
  await openVault(client);
  const read = expectStatus(await client.vault('kv-objects', 'GET', '/secrets/word'), 200);
  assert.equal(read.body['value'], 'plugh');
});

test('a key is created once: a second PUT returns the existing one', async () => {
  const { world, client } = await startWithVault();
  await using _ = world;
  const properties = { kty: 'EC', curveName: 'P-256', keyOps: ['sign', 'verify'] };
  const created = expectStatus(await client.arm('PUT', `${keys}/signing`, { properties }), 200);
  const uri = `${client.vaultOrigin('kv-objects')}/keys/signing`;
  const versioned = String(at(created.body, 'properties', 'keyUriWithVersion'));
  const version = versioned.slice(uri.length + 1);
  assert.deepEqual(at(created.body, 'properties', 'keyOps'), ['sign', 'verify']);
  assert.equal(at(created.body, 'properties', 'curveName'), 'P-256');
  const other = { properties: { kty: 'RSA', keySize: 2048 } };
  const again = expectStatus(await client.arm('PUT', `${keys}/signing`, other), 200);
  assert.deepEqual(again.body, created.body);
  assert.deepEqual(expectStatus(await client.arm('GET', `${keys}/SIGNING`), 200).body, created.body);
  assert.deepEqual(namesIn(expectStatus(await client.arm('GET', keys), 200).body), ['signing']);
  assert.deepEqual(namesIn(expectStatus(await client.arm('GET', `${keys}/signing/versions`), 200).body), [version]);
  const one = expectStatus(await client.arm('GET', `${keys}/signing/versions/${version}`), 200);
  assert.equal(one.body['type'], 'Microsoft.KeyVault/vaults/keys/versions');
  await openVault(client);
  const read = expectStatus(await client.vault('kv-objects', 'GET', '/keys/signing'), 200);
  assert.equal(at(read.body, 'key', 'kid'), versioned);
});

test('a key is created with the rotation policy of the documented template, and is rotated by it', async () => {
  const { world, client } = await startWithVault();
  await using _ = world;
  await openVault(client);
  const rotate = (trigger: object) => ({ trigger, action: { type: 'Rotate' } });
  const notify = { trigger: { timeBeforeExpiry: 'P30D' }, action: { type: 'Notify' } };
  const attributes = { expiryTime: 'P2Y' };
  const rotationPolicy = {
    lifetimeActions: [rotate({ timeAfterCreate: 'P18M', timeBeforeExpiry: '' }), notify],
    attributes,
  };
  const made = await client.arm('PUT', `${keys}/turning`, { properties: { kty: 'EC', rotationPolicy } });
  const { body } = expectStatus(made, 200);
  const created = at(body, 'properties', 'attributes', 'created');
  assert.equal(at(body, 'properties', 'attributes', 'exp'), undefined, 'the policy is for later versions');
  assert.deepEqual(at(body, 'properties', 'rotationPolicy'), {
    attributes: { ...attributes, created, updated: created },
    lifetimeActions: [
      { trigger: { timeAfterCreate: 'P18M' }, action: { type: 'rotate' } },
      { trigger: { timeBeforeExpiry: 'P30D' }, action: { type: 'notify' } },
    ],
  });
  assert.deepEqual(expectStatus(await client.arm('GET', `${keys}/turning`), 200).body, body);
  const versions = expectStatus(await client.arm('GET', `${keys}/turning/versions`), 200);
  assert.doesNotMatch(JSON.stringify(versions.body), /rotationPolicy/);
  const policy = expectStatus(await client.vault('kv-objects', 'GET', '/keys/turning/rotationpolicy'), 200);
  assert.deepEqual(policy.body['lifetimeActions'], [rotate({ timeAfterCreate: 'P18M' }), notify]);

  for (const [name, wrong, message] of [
    ['none', 7, 'rotationPolicy must be an object with no members but lifetimeActions, attributes.'],
    ['short', { attributes: { expiryTime: 'P27D' } }, 'attributes.expiryTime is P27D; it must be at least 28 days.'],
    [
      'empty',
      { lifetimeActions: [rotate({ timeAfterCreate: '', timeBeforeExpiry: '' })] },
      'The trigger of Rotate must have one of timeAfterCreate and timeBeforeExpiry.',
    ],
  ] as const) {
    const refused = await client.arm('PUT', `${keys}/${name}`, { properties: { kty: 'EC', rotationPolicy: wrong } });
    expectError(refused, 400, 'BadRequest', message);
    expectStatus(await client.arm('GET', `${keys}/${name}`), 404);
  }

  const again = await client.arm('PUT', `${keys}/turning`, { properties: { kty: 'EC', rotationPolicy: {} } });
  assert.deepEqual(expectStatus(again, 200).body, body, 'an existing key keeps its policy');
  world.advance(550 * 86_400_000);
  await world.server.scheduler.runDue();
  const later = newClient(world);
  const rotated = expectStatus(await later.arm('GET', `${keys}/turning/versions`), 200);
  assert.equal(namesIn(rotated.body).length, 2);
});

test("a missing, soft-deleted or malformed object is refused with the data plane's message", async () => {
  const { world, client } = await startWithVault();
  await using _ = world;
  await openVault(client);
  const help = (noun: string) =>
    `If you recently deleted this ${noun} you may be able to recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182`;
  const absent = await client.arm('GET', `${secrets}/absent`);
  const message = `A secret with (name/id) absent was not found in this key vault. ${help('secret')}`;
  expectError(absent, 404, 'NotFound', message);
  const bad = await client.arm('PUT', `${secrets}/a_b`, { properties: { value: 'x' } });
  expectError(bad, 400, 'BadRequest', "The name 'a_b' is invalid: 1 to 127 letters, digits and hyphens.");
  const none = await client.arm('PUT', `${secrets}/word`, { properties: {} });
  expectError(none, 400, 'BadRequest', 'The member value is missing.');
  const unknown = await client.arm('PUT', `${keys}/k`, { properties: { kty: 'EC', keyRing: {} } });
  expectError(unknown, 400, 'BadRequest', "The member 'keyRing' is not supported here.");
  const noVersion = await client.arm('GET', `${keys}/k/versions/1`);
  expectError(noVersion, 404, 'NotFound', "There is no version '1' of k.");
  expectStatus(await client.arm('PUT', `${secrets}/word`, { properties: { value: 'x' } }), 200);
  expectStatus(await client.vault('kv-objects', 'DELETE', '/secrets/word'), 200);
  world.advance(60_000);
  const deleted = await client.arm('PUT', `${secrets}/word`, { properties: { value: 'x' } });
  expectStatus(deleted, 409);
  assert.match(String(at(deleted.body, 'error', 'message')), /deleted but recoverable state/);
});

test('secrets are listed in pages, and private link shows the vault as one group', async () => {
  const { world, client } = await startWithVault();
  await using _ = world;
  for (const name of ['a', 'b', 'c']) {
    expectStatus(await client.arm('PUT', `${secrets}/${name}`, { properties: { value: name } }), 200);
  }
  const first = expectStatus(await client.arm('GET', `${secrets}?$top=2`), 200);
  assert.deepEqual(namesIn(first.body), ['a', 'b']);
  const token = await client.token('arm');
  const next = expectStatus(await client.send(String(first.body['nextLink']), { token }), 200);
  assert.deepEqual(namesIn(next.body), ['c']);
  assert.equal(next.body['nextLink'], undefined);
  const resources = expectStatus(await client.arm('GET', `${vaults}/kv-objects/privateLinkResources`), 200);
  assert.deepEqual(namesIn(resources.body), ['vault']);
});
