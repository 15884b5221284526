import { setTimeout as pause } from 'node:timers/promises';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { resourceGroup, resources } from './callers.ts';
import type { Connection } from './postern.ts';
import type { Vault } from './vault.ts';

/** A storage account of the server's configuration (`audit.storageAccounts`). */
export interface LogAccount {
  readonly name: string;
  readonly endpoint: string;
  readonly credential: string;
}

/** Has the vault's records delivered to the account, as a diagnostic setting does on Azure. */
export async function deliverLog(connection: Connection, vault: Vault, { name }: LogAccount): Promise<void> {
  const group = `/subscriptions/${connection.subscriptionId}/resourceGroups/${resourceGroup}`;
  const setting = `${vault.id}/providers/Microsoft.Insights/diagnosticSettings/lesson`;
  await resources(connection).resources.beginCreateOrUpdateByIdAndWait(setting, '2021-05-01-preview', {
    properties: {
      storageAccountId: `${group}/providers/Microsoft.Storage/storageAccounts/${name}`,
      logs: [{ category: 'AuditEvent', enabled: true }],
    },
  });
}

/** Waits until the record of a request is in the account, at most half a minute. */
export async function delivered(vault: Vault, account: LogAccount, requestId: string): Promise<void> {
  const credential = new StorageSharedKeyCredential(account.name, account.credential);
  const container = new BlobServiceClient(account.endpoint, credential).getContainerClient('insights-logs-auditevent');
  const prefix = `resourceId=${vault.id.toUpperCase()}/`;
  for (let tries = 0; tries < 150; tries += 1) {
    if (await container.exists()) {
      for await (const { name } of container.listBlobsFlat({ prefix })) {
        const records = await container.getBlobClient(name).downloadToBuffer();
        if (records.includes(requestId)) return;
      }
    }
    await pause(200);
  }
  throw new Error(`The record of the request ${requestId} did not arrive in ${account.name}.`);
}
