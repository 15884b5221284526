import type { Command } from '../command.ts';
import { openAsking, pages, textIn, within } from '../export/found.ts';
import type { Members } from '../export/found.ts';
import { apiVersion } from '../vault-request.ts';

export const vaultList: Command = {
  name: 'vault list',
  synopsis: 'Lists the vaults of a running server, as the administrator: one name a line.',
  options: {},
  required: [],
  flags: {
    json: 'as JSON: a list of what the resource manager says of each, such as { id, name, location, properties }',
  },
  progress: 'Reading the vaults',
  async run({ data = 'postern-data' }) {
    const asking = await openAsking(data);
    const { home, subscriptionId } = asking.connection;
    const path = `/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/vaults`;
    const found = await pages(asking, `${home}${path}?${apiVersion}`);
    return {
      json: found.map((vault) => Object.fromEntries(vault)),
      text: found.map((vault) => textIn(vault, 'name')).join('\n'),
      table: { head: ['NAME', 'RESOURCE GROUP', 'LOCATION', 'DEFAULT ACTION', 'RULES'], rows: found.map(rowOf) },
    };
  },
};

function rowOf(vault: Members): readonly string[] {
  const acls = within(vault, 'properties', 'networkAcls');
  const rules = ['ipRules', 'virtualNetworkRules'].flatMap((name) => acls.get(name) ?? []);
  const [, group = ''] = /\/resourceGroups\/([^/]+)\//i.exec(textIn(vault, 'id')) ?? [];
  return [
    textIn(vault, 'name'),
    group,
    textIn(vault, 'location'),
    textIn(acls, 'defaultAction') || 'Allow',
    String(rules.length),
  ];
}
