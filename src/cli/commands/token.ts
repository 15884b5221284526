import { getToken, vaultResource } from '../client.ts';
import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';

export const token: Command = {
  name: 'token',
  synopsis: 'Prints a token of the administrator, for vaults or for --resource URL.',
  options: {
    resource: 'URL of the resource that the token is for (default vaults)',
  },
  required: [],
  async run({ data = 'postern-data', resource }) {
    const connection = readConnection(data);
    return getToken(connection, resource ?? vaultResource(connection));
  },
};
