import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { inSubscription, resourceId, virtualNetworkKey } from '../../src/resources/keys.ts';
import { endpointLink } from '../../src/resources/networks/private-endpoint-properties.ts';
import { decode } from '../../src/store/store.ts';
import type { VirtualNetworkRecord } from '../../src/types/network.ts';
import type { ResourceRecord } from '../../src/types/resource.ts';
import type { Answered, Client } from '../world/client.ts';
import type { TestServer } from '../world/server.ts';
import {
  at,
  expectStatus,
  group,
  location,
  networks,
  putNetwork,
  putVault,
  startWithGroup,
  storedVault,
  subnetId,
  vaultBody,
  vaults,
} from './resources.ts';

const endpoints = `${group}/providers/Microsoft.Network/privateEndpoints`;
const vault = `${vaults}/kv-pe`;
const listNames = { true: 'manualPrivateLinkServiceConnections', false: 'privateLinkServiceConnections' } as const;

/** A request, with its description for a counterexample. */
type Step = readonly [string, (client: Client) => Promise<Answered | undefined>];

const name = fc.constantFrom('a', 'b', 'c');
const make = fc.tuple(name, fc.boolean(), fc.constantFrom('apps', 'more')).map(([endpoint, manual, subnet]): Step => [
  `make ${endpoint} ${manual ? 'by request ' : ''}in ${subnet}`,
  (client) => {
    const privateLinkServiceId = `/subscriptions/${client.identity.subscriptionId}${vault}`;
    const connection = { name: 'kv', properties: { privateLinkServiceId, groupIds: ['vault'] } };
    const properties = { subnet: { id: subnetId(client, 'net', subnet) }, [listNames[`${manual}`]]: [connection] };
    return client.arm('PUT', `${endpoints}/${endpoint}`, { location, properties });
  },
]);
const remove = name.map((endpoint): Step => [
  `delete ${endpoint}`,
  (client) => client.arm('DELETE', `${endpoints}/${endpoint}`),
]);
const decide = fc
  .tuple(fc.nat({ max: 2 }), fc.constantFrom('Approved', 'Rejected'))
  .map(([nth, status]): Step => [
    `${status} connection ${nth}`,
    (client) =>
      onConnection(client, nth, (path) =>
        client.arm('PUT', path, { properties: { privateLinkServiceConnectionState: { status } } }),
      ),
  ]);
const drop = fc
  .nat({ max: 2 })
  .map((nth): Step => [
    `delete connection ${nth}`,
    (client) => onConnection(client, nth, (path) => client.arm('DELETE', path)),
  ]);
const others: readonly Step[] = [
  ['delete subnet more', (client) => client.arm('DELETE', `${networks}/net/subnets/more`)],
  ['put the network with both subnets', (client) => putNetwork(client, 'net', ['apps', 'more'])],
  ['put the network with one subnet', (client) => putNetwork(client, 'net', ['apps'])],
  ['put the vault', (client) => putVault(client, 'kv-pe', {}, { tags: { a: 'b' } })],
  ['delete the vault', (client) => client.arm('DELETE', vault)],
  ['recover the vault', (client) => client.arm('PUT', vault, vaultBody(client, { createMode: 'recover' }))],
];
const step = fc.oneof(
  { weight: 4, arbitrary: make },
  { weight: 2, arbitrary: remove },
  { weight: 2, arbitrary: decide },
  { weight: 1, arbitrary: drop },
  { weight: 3, arbitrary: fc.constantFrom(...others) },
);

async function onConnection(client: Client, nth: number, run: (path: string) => Promise<Answered>) {
  const { status, body } = await client.arm('GET', `${vault}/privateEndpointConnections`);
  const connection = status === 200 ? at(body, 'value', nth) : undefined;
  return connection === undefined ? undefined : run(`${vault}/privateEndpointConnections/${connection['name']}`);
}

/** Checks that the records of vault, endpoints and network agree. */
async function assertAgreement(world: TestServer): Promise<void> {
  const { subscriptionId } = world.client.identity;
  const { store } = world.folder;
  const records = await store.list({ prefix: inSubscription('resource', subscriptionId), limit: 100 });
  const all = records.map((record) => decode<ResourceRecord>(record));
  const stored = (await storedVault(world, 'kv-pe')).vault;
  const atVault = (stored.privateEndpointConnections ?? []).map((one) => [one.endpoint, one.name, one.state]);
  const atEndpoints = all.flatMap((endpoint) => {
    const { name: connection, state } = endpoint.made.connection ?? {};
    return state?.status === 'Disconnected' ? [] : [[resourceId(endpoint), connection, state]];
  });
  assert.deepEqual(sorted(atVault), sorted(atEndpoints));
  if (stored.deleted !== undefined) assert.deepEqual(atVault, []);
  const [network] = await store.read({ get: [virtualNetworkKey({ subscriptionId, resourceGroup: 'rg' }, 'net')] });
  assert.ok(network !== undefined);
  const held = decode<VirtualNetworkRecord>(network).subnets.flatMap((subnet) =>
    (subnet.privateEndpoints ?? []).map((id) => [id, subnetId(world.client, 'net', subnet.name)]),
  );
  const existing = all.map((endpoint) => [resourceId(endpoint), endpointLink(endpoint).subnetId]);
  assert.deepEqual(sorted(held), sorted(existing));
}

function sorted(list: readonly unknown[]): readonly string[] {
  return list.map((one) => JSON.stringify(one)).toSorted();
}

test('after any changes in any order, vault, endpoints and subnets agree about their connections', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 20 }), async (steps) => {
      await putNetwork(client, 'net', ['apps', 'more']);
      await client.arm('PUT', vault, vaultBody(client, { createMode: 'recover' }));
      expectStatus(await putVault(client, 'kv-pe'), 200);
      for (const [words, run] of steps) {
        const answered = await run(client);
        assert.ok((answered?.status ?? 200) < 500, words);
        await assertAgreement(world);
      }
      for (const endpoint of ['a', 'b', 'c']) await client.arm('DELETE', `${endpoints}/${endpoint}`);
      await assertAgreement(world);
    }),
    { numRuns: 20 },
  );
});
