/**
 * Run by `azure-names.test.ts` in a network namespace that has the services' addresses and nothing else, and whose hosts
 * file has Azure's names. Starts a server there, runs the program that the command line names and prints its output.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { acls, putVault } from '../../data-plane/vaults.ts';
import { startServer } from '../../world/server.ts';
import { addresses, vault } from './places.ts';

const [, , program = '', ...parameters] = process.argv;
await using world = await startServer();
const { client, folder, server } = world;
const made = await putVault(client, vault, { networkAcls: acls.allow });
assert.equal(made.status, 200, JSON.stringify(made.body));
for (const [service, host] of addresses) await server.ingress.addPublic({ host, port: 443 }, service);
const { tenantId, clientId, clientSecret, subscriptionId } = client.identity;
const trusted = folder.fabricAuthorityFile;
const { stdout } = await promisify(execFile)(program, parameters, {
  env: {
    PATH: process.env['PATH'],
    HOME: folder.path,
    NODE_EXTRA_CA_CERTS: trusted,
    REQUESTS_CA_BUNDLE: trusted,
    AZURE_TENANT_ID: tenantId,
    AZURE_CLIENT_ID: clientId,
    AZURE_CLIENT_SECRET: clientSecret,
    AZURE_SUBSCRIPTION_ID: subscriptionId,
    AZURE_CORE_COLLECT_TELEMETRY: 'false',
    PYTHONWARNINGS: 'ignore',
  },
  timeout: 100_000,
});
process.stdout.write(stdout);
