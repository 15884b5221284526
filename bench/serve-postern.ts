/**
 * A server for the benches, assembled as the worker does it, with one vault of 127 + 127 rules and one secret. Prints
 * one line of JSON when it is ready. Ends with its standard input. With the argument `unrecorded` nothing is written to
 * the audit log, with `delivered` the records also go to a storage account that is a folder.
 */
import { Audit } from '../src/audit/audit.ts';
import { putNetwork, startWithGroup, subnetId } from '../test/control-plane/resources.ts';
import { putVault } from '../test/data-plane/vaults.ts';
import { addressRules } from './rules.ts';

await using world = await startWithGroup();
const { client } = world;
const subnets = Array.from({ length: 127 }, (_, index) => `s${index}`);
await putNetwork(client, 'vnet', subnets);
await putVault(client, 'bench', {
  networkAcls: {
    ...addressRules,
    virtualNetworkRules: subnets.map((subnet) => ({ id: subnetId(client, 'vnet', subnet) })),
  },
});
await client.vault('bench', 'PUT', '/secrets/name', { body: { value: 'a value of some forty characters, as usual' } });
const [variant] = process.argv.slice(2);
if (variant === 'unrecorded') {
  Audit.prototype.readNow = () => undefined;
  Audit.prototype.read = async () => {};
}
if (variant === 'delivered') {
  const { subscriptionId } = client.identity;
  const account = `/subscriptions/${subscriptionId}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/logs`;
  const logs = [{ category: 'AuditEvent', enabled: true }];
  const setting =
    '/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/bench/providers/Microsoft.Insights/diagnosticSettings/s';
  await client.arm('PUT', setting, { properties: { storageAccountId: account, logs } });
}
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
