import { send, answerFailed, getToken } from './client.ts';
import type { ClientAnswer, ClientRequest } from './client.ts';
import { readConnection } from './connection.ts';
import type { Connection } from './connection.ts';
import { CommandFailed } from './failed.ts';
import { membersOf } from './json.ts';

export const apiVersion = 'api-version=2026-02-01';

/** A vault of the server's subscription, for requests of the administrator to the resource manager. */
export interface NamedVault {
  readonly connection: Connection;
  readonly token: string;
  /** ARM id. */
  readonly id: string;
}

/** @throws {CommandFailed} when the server does not answer, or has no vault of that name */
export async function findVault(data: string, name: string): Promise<NamedVault> {
  const connection = readConnection(data);
  const token = await getToken(connection, connection.home);
  const filter = encodeURIComponent(
    `resourceType eq 'Microsoft.KeyVault/vaults' and name eq '${name.replaceAll("'", "''")}'`,
  );
  const url = `${connection.home}/subscriptions/${connection.subscriptionId}/resources?$filter=${filter}&${apiVersion}`;
  const { body } = await send(connection, { method: 'GET', url, token });
  const value = membersOf(body).get('value');
  const [first] = Array.isArray(value) ? value.map((each) => membersOf(each).get('id')) : [];
  if (typeof first !== 'string')
    throw new CommandFailed(`The vault '${name}' does not exist.`, undefined, 'VaultNotFound');
  return { connection, token, id: first };
}

/** A request for the vault itself. */
export function sendTo(
  { connection, token, id }: NamedVault,
  request: Pick<ClientRequest, 'method' | 'json' | 'headers'>,
): Promise<ClientAnswer> {
  return send(connection, { ...request, url: `${connection.home}${id}?${apiVersion}`, token });
}

/**
 * The members of the answer to a request below the vault's id.
 * @throws {CommandFailed} with the server's message, for any answer but 200
 */
export async function askAbout(
  { connection, token, id }: NamedVault,
  { path = '', json }: { readonly path?: string; readonly json?: unknown },
): Promise<ReadonlyMap<string, unknown>> {
  const method = json === undefined ? 'GET' : 'POST';
  const url = `${connection.home}${id}${path}?${apiVersion}`;
  const answer = await send(connection, { method, url, token, json });
  if (answer.status !== 200) throw answerFailed(answer);
  return membersOf(answer.body);
}

/** The strings of an untrusted list. */
export function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}
