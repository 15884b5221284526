import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { send } from '../client.ts';
import type { Connection } from '../connection.ts';
import { CommandFailed } from '../failed.ts';
import { membersOf } from '../json.ts';

const cloud = 'Postern';

/**
 * A configuration folder of the Azure CLI in which our cloud is registered and chosen, as `az cloud register` and
 * `az cloud set` would write it, so that the user's own folder is not touched.
 * @returns the variables that make az use it
 */
export async function azureCli(connection: Connection, folder: string): Promise<Readonly<Record<string, string>>> {
  const endpoints = await endpointsOf(connection);
  const lines = Object.entries(endpoints).map(([name, value]) => `${name} = ${value}\n`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'clouds.config'), `[${cloud}]\n${lines.join('')}`);
  const config = join(folder, 'config');
  // The user may have configured something there meanwhile.
  if (!existsSync(config)) writeFileSync(config, `[cloud]\nname = ${cloud}\n`, { mode: 0o600 });
  // az asks Microsoft about an authority that it does not know, unless it is told not to.
  return { AZURE_CONFIG_DIR: folder, AZURE_CORE_INSTANCE_DISCOVERY: 'false' };
}

/** The settings that `az cloud register` derives from the resource manager's `/metadata/endpoints`. */
async function endpointsOf(connection: Connection): Promise<Readonly<Record<string, string>>> {
  const { home } = connection;
  const url = `${home}/metadata/endpoints?api-version=2022-09-01`;
  const { status, body } = await send(connection, { method: 'GET', url });
  if (status !== 200) throw new CommandFailed(`The server answered ${status} when asked for its endpoints.`);
  const described = membersOf(body);
  const suffixes = membersOf(described.get('suffixes'));
  const of = (members: ReadonlyMap<string, unknown>, name: string) => {
    const found = members.get(name);
    // It becomes a line of a file.
    return typeof found === 'string' && /^\P{Cc}+$/u.test(found) ? found : home;
  };
  return {
    endpoint_active_directory: home,
    endpoint_active_directory_graph_resource_id: home,
    endpoint_active_directory_resource_id: home,
    endpoint_management: home,
    endpoint_microsoft_graph_resource_id: home,
    endpoint_portal: of(described, 'portal'),
    endpoint_resource_manager: home,
    suffix_acr_login_server_endpoint: `.${of(suffixes, 'acrLoginServer')}`,
    suffix_keyvault_dns: connection.vaultSuffix,
    suffix_sql_server_hostname: `.${of(suffixes, 'sqlServerHostname')}`,
    suffix_storage_endpoint: of(suffixes, 'storage'),
  };
}
