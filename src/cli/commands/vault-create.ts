import { permissionNames } from '../../access/permission-names.ts';
import { answerFailed, send } from '../client.ts';
import type { Command, Options } from '../command.ts';
import { openAsking } from '../export/found.ts';
import type { Asking } from '../export/found.ts';
import { CommandFailed } from '../failed.ts';
import { membersOf } from '../json.ts';
import { apiVersion } from '../vault-request.ts';
import { settingOptions } from '../vault/network-settings.ts';

export const vaultCreate: Command = {
  name: 'vault create',
  synopsis:
    'Creates a vault. The administrator may do everything with its secrets, keys and certificates. Prints its URL.',
  options: {
    vault: 'name of the vault: 3 to 24 letters, digits and hyphens',
    'resource-group': { help: 'resource group of the vault (default demo)', value: 'GROUP' },
    location: 'location of the vault (default westeurope)',
    ...settingOptions,
    'default-action': {
      ...settingOptions['default-action'],
      help: `${settingOptions['default-action'].help} (default Allow)`,
    },
  },
  required: ['vault'],
  flags: {
    'create-group': 'create the resource group if it is missing, as is done for the default one',
    'enable-rbac-authorization': 'roles decide who may do what, in place of access policies: nobody has one yet',
    json: 'as JSON: what the resource manager says of the vault, such as { id, name, location, properties }',
  },
  progress: 'Creating the vault',
  async run({ data = 'postern-data', vault = '', location = 'westeurope', ...options }, { flags }) {
    const asking = await openAsking(data);
    const { connection, token } = asking;
    const { home, subscriptionId, vaultSuffix } = connection;
    const group = options['resource-group'] ?? 'demo';
    const path = `${home}/subscriptions/${subscriptionId}/resourceGroups/${encodeURIComponent(group)}`;
    const properties = propertiesOf(asking, options, flags.has('enable-rbac-authorization'));
    const put = () =>
      send(connection, {
        method: 'PUT',
        url: `${path}/providers/Microsoft.KeyVault/vaults/${encodeURIComponent(vault)}?${apiVersion}`,
        token,
        json: { location, properties },
        // A vault that is there must not lose its rules by a second create.
        headers: { 'if-none-match': '*' },
      });
    let answer = await put();
    // A group that is named and not there is mistyped more often than missing.
    const makesGroup = options['resource-group'] === undefined || flags.has('create-group');
    if (answer.status === 404 && !makesGroup) throw answerFailed(answer, '--create-group creates it.');
    if (answer.status === 404) {
      await requireName(asking, vault);
      const url = `${path}?api-version=2021-04-01`;
      const made = await send(connection, { method: 'PUT', url, token, json: { location } });
      if (made.status !== 200 && made.status !== 201) throw answerFailed(made);
      answer = await put();
    }
    if (answer.status === 412) {
      throw new CommandFailed(
        `The vault '${vault}' is there already.`,
        'See "postern vault show". Nothing was changed.',
        'VaultAlreadyExists',
      );
    }
    if (answer.status !== 200 && answer.status !== 201) throw answerFailed(answer);
    return { json: answer.body, text: `https://${vault.toLowerCase()}${vaultSuffix}` };
  },
};

/** So that a group is not made for a vault that is refused. */
async function requireName({ connection, token }: Asking, name: string): Promise<void> {
  const answer = await send(connection, {
    method: 'POST',
    url: `${connection.home}/subscriptions/${connection.subscriptionId}/providers/Microsoft.KeyVault/checkNameAvailability?${apiVersion}`,
    token,
    json: { name, type: 'Microsoft.KeyVault/vaults' },
  });
  const members = membersOf(answer.body);
  if (answer.status !== 200) throw answerFailed(answer);
  if (members.get('nameAvailable') !== true) {
    throw new CommandFailed(String(members.get('message')), undefined, String(members.get('reason')));
  }
}

function propertiesOf({ connection: { tenantId, objectId } }: Asking, options: Options, hasRoles: boolean): object {
  const permissions = Object.fromEntries(
    Object.entries(permissionNames).map(([collection, names]) => [collection, names.filter((name) => name !== 'all')]),
  );
  return {
    tenantId,
    sku: { family: 'A', name: 'standard' },
    enableRbacAuthorization: hasRoles,
    accessPolicies: hasRoles || objectId === undefined ? [] : [{ tenantId, objectId, permissions }],
    publicNetworkAccess: options['public-network-access'],
    networkAcls: { defaultAction: options['default-action'] ?? 'Allow', bypass: options['bypass'] ?? 'AzureServices' },
  };
}
