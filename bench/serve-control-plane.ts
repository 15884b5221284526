/**
 * The server of `bench/control-plane.ts`: a vault with 127 + 127 rules and a secret, and many vaults without rules.
 * Prints one line of JSON when it is ready. It answers each line of its standard input with how long requests have
 * taken since the line before, in microseconds by method, from their headers to the last byte of the answer. Ends with
 * its input.
 */
import diagnostics from 'node:diagnostics_channel';
import { createInterface } from 'node:readline';
import { vaultIndexKey, vaultKey } from '../src/resources/keys.ts';
import { decode, encode } from '../src/store/store.ts';
import type { VaultRecord } from '../src/types/vault.ts';
import { startServer } from '../test/world/server.ts';

const vaultsMax = Number(process.argv[2] ?? 10_000);
const location = 'westeurope';
const group = '/resourceGroups/rg';

await using world = await startServer();
const { client } = world;
const { tenantId, objectId, subscriptionId } = client.identity;
await put(group, { location });
const subnets = Array.from({ length: 127 }, (_, index) => ({
  name: `s${index}`,
  properties: { addressPrefix: `10.0.${index}.0/24`, serviceEndpoints: [{ service: 'Microsoft.KeyVault' }] },
}));
const network = `${group}/providers/Microsoft.Network/virtualNetworks/vnet`;
await put(network, { location, properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] }, subnets } });
const vault = {
  tenantId,
  sku: { family: 'A', name: 'standard' },
  accessPolicies: [{ tenantId, objectId, permissions: { secrets: ['get', 'set'] } }],
};
const ipRules = Array.from({ length: 126 }, (_, index) => ({ value: `198.51.100.${2 * index + 1}` }));
const vaults = `${group}/providers/Microsoft.KeyVault/vaults`;
await put(`${vaults}/bench`, {
  location,
  properties: {
    ...vault,
    networkAcls: {
      defaultAction: 'Deny',
      bypass: 'None',
      ipRules: [...ipRules, { value: '203.0.113.1' }],
      virtualNetworkRules: subnets.map(({ name }) => ({
        id: `/subscriptions/${subscriptionId}${network}/subnets/${name}`,
      })),
    },
  },
});
await client.vault('bench', 'PUT', '/secrets/name', { body: { value: 'a value of some forty characters, as usual' } });
await put('/resourceGroups/many', { location });
await seed();
const { key, certificate } = world.folder.certificates.server;
const started = new Map<unknown, bigint>();
let took: Record<string, number[]> = {};
diagnostics.subscribe('http.server.request.start', (message) => {
  started.set(Reflect.get(Object(message), 'request'), process.hrtime.bigint());
});
diagnostics.subscribe('http.server.response.finish', (message) => {
  const request: unknown = Reflect.get(Object(message), 'request');
  const since = started.get(request);
  started.delete(request);
  if (since === undefined) return;
  const method = String(Reflect.get(Object(request), 'method'));
  (took[method] ??= []).push(Number(process.hrtime.bigint() - since) / 1000);
});
console.log(
  JSON.stringify({
    pid: process.pid,
    port: world.port,
    home: client.home,
    vaultHost: new URL(client.vaultOrigin('bench')).host,
    vaultPath: `/subscriptions/${subscriptionId}${vaults}/bench`,
    subscriptionPath: `/subscriptions/${subscriptionId}`,
    armToken: await client.token('arm'),
    vaultToken: await client.token('vault'),
    key,
    certificate,
    ca: client.ca,
  }),
);
for await (const _ of createInterface(process.stdin)) {
  console.log(JSON.stringify(took));
  took = {};
}

async function put(path: string, body: unknown): Promise<void> {
  const made = await client.arm('PUT', path, body);
  if (made.status >= 300) throw new Error(JSON.stringify(made.body));
}

/** Puts vaults directly into the store, in the form that the operation gives them. */
async function seed(): Promise<void> {
  await put('/resourceGroups/many/providers/Microsoft.KeyVault/vaults/first', { location, properties: vault });
  const { store } = world.folder;
  const [record] = await store.read({ get: [vaultKey('first')] });
  if (record === undefined) throw new Error('the vault does not exist');
  const first = decode<VaultRecord>(record);
  const place = { subscriptionId, resourceGroup: 'many' };
  for (let from = 2; from < vaultsMax; from += 1000) {
    const names = Array.from({ length: Math.min(1000, vaultsMax - from) }, (_, index) => `many-${from + index}`);
    await store.transact({
      put: names.flatMap((name) => [
        { key: vaultKey(name), value: encode({ ...first, name, incarnation: name }) },
        { key: vaultIndexKey('vault-in', place, name), value: encode(true) },
      ]),
    });
  }
}
