import { answerFailed, getToken, send, vaultResource } from '../client.ts';
import type { ClientRequest } from '../client.ts';
import type { Options } from '../command.ts';
import { readConnection } from '../connection.ts';
import { CommandFailed, WrongUsage } from '../failed.ts';
import { membersOf } from '../json.ts';
import { jsonOf } from '../output-words.ts';
import { localAddressFor } from '../seen-address.ts';

const apiVersion = 'api-version=2025-07-01';

/** The options of every command that asks a vault as the administrator. */
export const vaultOptions = {
  vault: 'name of the vault',
  from: { help: 'address that the vault is to see, by the NAT table', value: 'ADDRESS' },
  'local-address': { help: 'local address to connect from', value: 'ADDRESS' },
} as const;

/** A vault, as the administrator reaches it from one address. */
export interface AtVault {
  /**
   * @param path below the vault, or the whole URL of a next page
   * @returns the members of the answer
   * @throws {CommandFailed} with the vault's message, for any answer but 200
   */
  ask(path: string, request?: Partial<Pick<ClientRequest, 'method' | 'json'>>): Promise<ReadonlyMap<string, unknown>>;
}

/** @throws {CommandFailed} for two addresses, and one that no request can be seen as coming from */
export async function atVault({
  data = 'postern-data',
  vault,
  from,
  'local-address': given,
}: Options): Promise<AtVault> {
  const connection = readConnection(data);
  if (from !== undefined && given !== undefined) {
    throw new WrongUsage('--from and --local-address cannot be used together; give one of them.');
  }
  const localAddress = from === undefined ? given : localAddressFor(from, connection);
  const token = await getToken(connection, vaultResource(connection));
  const origin = `https://${vault}${connection.vaultSuffix}`;
  return {
    async ask(path, { method = 'GET', json } = {}) {
      const url = path.startsWith('https://') ? path : `${origin}${path}?${apiVersion}`;
      // The token must not follow a page of another server.
      if (new URL(url).origin !== new URL(origin).origin) throw new CommandFailed(`${url} is not below ${origin}.`);
      const answer = await send(connection, { method, url, token, localAddress, json });
      if (answer.status !== 200) throw answerFailed(answer);
      return membersOf(answer.body);
    },
  };
}

/** As the commands print what a vault answered. */
export function printed(answer: ReadonlyMap<string, unknown>): string {
  return jsonOf(Object.fromEntries(answer));
}
