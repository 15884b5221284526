import { errorMessage, getToken, send, vaultResource } from '../client.ts';
import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import { CommandFailed } from '../failed.ts';
import { localAddressFor } from '../seen-address.ts';

export const secretShow: Command = {
  name: 'secret show',
  synopsis: 'Reads a secret through the data plane, as the administrator.',
  options: {
    vault: 'name of the vault',
    name: 'name of the secret',
    version: 'version of the secret (default the current one)',
    from: 'address that the vault is to see, by the NAT table',
    'local-address': 'local address to connect from',
  },
  required: ['vault', 'name'],
  async run({ data = 'postern-data', vault, name, version = '', from, 'local-address': given }) {
    const connection = readConnection(data);
    if (from !== undefined && given !== undefined) {
      throw new CommandFailed('--from and --local-address cannot be used together; give one of them.');
    }
    const localAddress = from === undefined ? given : localAddressFor(from, connection);
    const token = await getToken(connection, vaultResource(connection));
    const url = `https://${vault}${connection.vaultSuffix}/secrets/${name}/${version}?api-version=2025-07-01`;
    const answer = await send(connection, { method: 'GET', url, token, localAddress });
    if (answer.status !== 200) throw new CommandFailed(errorMessage(answer));
    return JSON.stringify(answer.body, undefined, 2);
  },
};
