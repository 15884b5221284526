import { getToken, vaultResource } from '../client.ts';
import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';

export const token: Command = {
  name: 'token',
  synopsis: 'Prints a token of the administrator, for vaults or for --resource URL.',
  options: {
    resource: { help: 'URL of the resource that the token is for (default vaults)', value: 'URL' },
  },
  required: [],
  flags: { json: 'as JSON: { token, resource }' },
  async run({ data = 'postern-data', resource }) {
    const connection = readConnection(data);
    const wanted = resource ?? vaultResource(connection);
    const issued = await getToken(connection, wanted);
    return { json: { token: issued, resource: wanted }, text: issued };
  },
};
