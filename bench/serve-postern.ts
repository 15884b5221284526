/**
 * A server for the benches, as the worker puts it together, with one vault of 127 + 127 rules and one secret. Prints one
 * line of JSON when it is ready; ends with its standard input.
 */
import { startServer } from '../test/world/server.ts';

await using world = await startServer();
const { client } = world;
const { tenantId, objectId, subscriptionId } = client.identity;
await client.arm('PUT', '/resourceGroups/rg', { location: 'westeurope' });
const subnets = Array.from({ length: 127 }, (_, index) => ({
  name: `s${index}`,
  properties: { addressPrefix: `10.0.${index}.0/24`, serviceEndpoints: [{ service: 'Microsoft.KeyVault' }] },
}));
const network = '/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet';
await client.arm('PUT', network, {
  location: 'westeurope',
  properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] }, subnets },
});
const ipRules = Array.from({ length: 126 }, (_, index) => ({ value: `198.51.100.${2 * index + 1}` }));
const made = await client.arm('PUT', '/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/bench', {
  location: 'westeurope',
  properties: {
    tenantId,
    sku: { family: 'A', name: 'standard' },
    accessPolicies: [{ tenantId, objectId, permissions: { secrets: ['get', 'set'] } }],
    networkAcls: {
      defaultAction: 'Deny',
      bypass: 'None',
      ipRules: [...ipRules, { value: '203.0.113.0/24' }],
      virtualNetworkRules: subnets.map(({ name }) => ({
        id: `/subscriptions/${subscriptionId}${network}/subnets/${name}`,
      })),
    },
  },
});
if (made.status !== 200) throw new Error(JSON.stringify(made.body));
await client.vault('bench', 'PUT', '/secrets/name', { body: { value: 'a value of some forty characters, as usual' } });
const answer = await client.vault('bench', 'GET', '/secrets/name');
const { key, certificate } = world.folder.certificates.server;
console.log(
  JSON.stringify({
    pid: process.pid,
    port: world.port,
    host: new URL(client.vaultOrigin('bench')).host,
    token: await client.token('vault'),
    headers: answer.headers,
    body: JSON.stringify(answer.body),
    key,
    certificate,
  }),
);
await new Promise((resolve) => {
  process.stdin.on('end', resolve).resume();
});
