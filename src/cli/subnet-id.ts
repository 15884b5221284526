import type { Connection } from './connection.ts';
import { readSubnets, subnetNamed } from './exec/declared.ts';

/**
 * The ARM id of a subnet that a user names by it, or as VNET/SUBNET. An id is left to the server as it is.
 * @throws {CommandFailed} when there is none, or more than one
 */
export async function subnetIdOf(asked: string, connection: Connection): Promise<string> {
  return asked.startsWith('/') ? asked : subnetNamed(await readSubnets(connection), asked).id;
}
