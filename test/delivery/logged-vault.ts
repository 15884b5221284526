import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectStatus, putVault, vaults } from '../control-plane/resources.ts';
import type { Client } from '../world/client.ts';
import type { Azurite } from './azurite.ts';

const setting = `${vaults}/kv-logged/providers/Microsoft.Insights/diagnosticSettings/service`;

/** The configuration of a server whose storage account is this one. */
export function configOf({ account, endpoint, sharedKey }: Pick<Azurite, 'account' | 'endpoint' | 'sharedKey'>) {
  return { audit: { storageAccounts: [{ name: account, endpoint, credential: sharedKey }] } };
}

/** Makes the vault `kv-logged` with a secret, whose records go where `destination` says. */
export async function putLoggedVault(client: Client, destination: object): Promise<void> {
  const { tenantId, objectId } = client.identity;
  await client.arm('PUT', '/resourceGroups/rg', { location: 'westeurope' });
  const accessPolicies = [{ tenantId, objectId, permissions: { secrets: ['all'] } }];
  expectStatus(await putVault(client, 'kv-logged', { accessPolicies }), 200);
  expectStatus(await client.vault('kv-logged', 'PUT', '/secrets/a', { body: { value: 'b' } }), 200);
  const logs = [{ category: 'AuditEvent', enabled: true }];
  expectStatus(await client.arm('PUT', setting, { properties: { ...destination, logs } }), 200);
}

export function accountId({ identity }: Client, name: string) {
  return `/subscriptions/${identity.subscriptionId}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/${name}`;
}

/** A read of the secret: all of them come after the setting. */
const isRead = (line: string) => line.includes('"category":"AuditEvent","operationName":"SecretGet"');

/** The lines of the reads in the log of a data folder. */
export function logged(data: string): readonly string[] {
  return readFileSync(join(data, 'audit/audit.jsonl'), 'utf8').split('\n').filter(isRead);
}

/** The lines of the reads in the account, in the order of the blobs' names, which is that of their hours. */
export async function delivered(azurite: Azurite): Promise<readonly string[]> {
  const blobs = [...(await azurite.blobs())].toSorted(([one], [other]) => (one < other ? -1 : 1));
  return blobs.flatMap(([, text]) => text.split('\n')).filter(isRead);
}
