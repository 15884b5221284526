import { spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { resourceGroup, resources } from './callers.ts';
import { program } from './postern.ts';
import type { Connection } from './postern.ts';
import type { Vault } from './vault.ts';

/** The sinks of a server's configuration (`audit`), by name. */
export interface Sinks {
  readonly storageAccounts?: readonly { readonly name: string }[];
  readonly otlp?: readonly { readonly name: string }[];
}

/** Has the vault's records delivered to the first sink of each kind, by a diagnostic setting, as on Azure. */
export async function deliverLog(
  connection: Connection,
  vault: Vault,
  { storageAccounts, otlp }: Sinks,
): Promise<void> {
  const providers = `/subscriptions/${connection.subscriptionId}/resourceGroups/${resourceGroup}/providers`;
  const [[account], [collector]] = [storageAccounts ?? [], otlp ?? []];
  const setting = `${vault.id}/providers/Microsoft.Insights/diagnosticSettings/lesson`;
  await resources(connection).resources.beginCreateOrUpdateByIdAndWait(setting, '2021-05-01-preview', {
    properties: {
      ...(account && { storageAccountId: `${providers}/Microsoft.Storage/storageAccounts/${account.name}` }),
      ...(collector && { marketplacePartnerId: `${providers}/Microsoft.Elastic/monitors/${collector.name}` }),
      logs: [{ category: 'AuditEvent', enabled: true }],
    },
  });
}

/** Waits until all of the log is delivered, at most half a minute. */
export async function delivered({ dataDir }: Connection): Promise<void> {
  let said = '';
  for (let tries = 0; tries < 60; tries += 1) {
    const { stdout } = spawnSync(program, ['audit', 'sinks', '--json', '--data', dataDir], { encoding: 'utf8' });
    said = stdout;
    const sinks = JSON.parse(stdout) as { readonly records: number; readonly behind?: { readonly bytes: number } }[];
    if (sinks.every(({ records, behind }) => records > 0 && behind?.bytes === 0)) return;
    await pause(500);
  }
  throw new Error(`The log was not delivered: ${said}`);
}
