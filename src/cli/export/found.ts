import { answerFailed, getToken, send } from '../client.ts';
import { readConnection } from '../connection.ts';
import type { Connection } from '../connection.ts';
import { CommandFailed } from '../failed.ts';
import { membersOf } from '../json.ts';

export type Members = ReadonlyMap<string, unknown>;

/** A running server, asked by its administrator, at the resource manager and Graph. */
export interface Asking {
  readonly connection: Connection;
  readonly token: string;
}

/** Everything of a resource group that a seed can name, and the directory, as the server answers. */
export interface Found {
  readonly resourceGroup: string;
  readonly networks: readonly Members[];
  readonly vaults: readonly Members[];
  /** By the vault's name. */
  readonly secrets: ReadonlyMap<string, readonly Members[]>;
  readonly keys: ReadonlyMap<string, readonly Members[]>;
  readonly servicePrincipals: readonly Members[];
  readonly applications: readonly Members[];
  readonly users: readonly Members[];
  /** Ids of groups, by the id of the user. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
}

const keyVault = 'api-version=2026-02-01';
const network = 'api-version=2024-05-01';

/** @throws {CommandFailed} when the server does not answer, or has no such group */
export async function openAsking(data: string): Promise<Asking> {
  const connection = readConnection(data);
  return { connection, token: await getToken(connection, connection.home) };
}

/** Reads everything. It is not one snapshot: a server that is changed meanwhile may be seen half changed. */
export async function findAll(asking: Asking, resourceGroup: string): Promise<Found> {
  const { home, subscriptionId } = asking.connection;
  const group = `${home}/subscriptions/${subscriptionId}/resourceGroups/${encodeURIComponent(resourceGroup)}`;
  await requireGroup(asking, resourceGroup);
  const vaults = await pages(asking, `${group}/providers/Microsoft.KeyVault/vaults?${keyVault}`);
  const networks = await pages(asking, `${group}/providers/Microsoft.Network/virtualNetworks?${network}`);
  const below = async (collection: string) => {
    const listed = new Map<string, readonly Members[]>();
    for (const vault of vaults) {
      listed.set(textIn(vault, 'name'), await pages(asking, `${home}${textIn(vault, 'id')}/${collection}?${keyVault}`));
    }
    return listed;
  };
  const [secrets, keys] = [await below('secrets'), await below('keys')];
  const users = await pages(asking, `${home}/v1.0/users`);
  const servicePrincipals = await pages(asking, `${home}/v1.0/servicePrincipals`);
  const applications = await pages(asking, `${home}/v1.0/applications`);
  const groups = new Map<string, readonly string[]>();
  for (const user of users) groups.set(textIn(user, 'id'), await groupsOf(asking, textIn(user, 'id')));
  return { resourceGroup, networks, vaults, secrets, keys, servicePrincipals, applications, users, groups };
}

async function requireGroup(asking: Asking, resourceGroup: string): Promise<void> {
  const { home, subscriptionId } = asking.connection;
  const listed = await pages(asking, `${home}/subscriptions/${subscriptionId}/resourceGroups?api-version=2021-04-01`);
  const names = listed.map((found) => textIn(found, 'name'));
  if (names.some((name) => name.toLowerCase() === resourceGroup.toLowerCase())) return;
  throw new CommandFailed(
    `Resource group '${resourceGroup}' could not be found.`,
    names.length === 0 ? undefined : `Name one with --resource-group: ${names.join(', ')}.`,
  );
}

async function groupsOf(asking: Asking, user: string): Promise<readonly string[]> {
  const url = `${asking.connection.home}/v1.0/users/${user}/getMemberGroups`;
  const answer = await send(asking.connection, {
    method: 'POST',
    url,
    token: asking.token,
    json: { securityEnabledOnly: false },
  });
  if (answer.status !== 200) throw answerFailed(answer);
  return listIn(membersOf(answer.body), 'value').filter((id) => typeof id === 'string');
}

/** The elements of every page. A link to the next page is followed on this server alone. */
export async function pages({ connection, token }: Asking, first: string): Promise<readonly Members[]> {
  const found: Members[] = [];
  for (let url: string | undefined = first; url !== undefined;) {
    const answer = await send(connection, { method: 'GET', url, token });
    if (answer.status !== 200) throw answerFailed(answer);
    const body = membersOf(answer.body);
    found.push(...listIn(body, 'value').map(membersOf));
    const next: unknown = body.get('nextLink') ?? body.get('@odata.nextLink');
    url = typeof next === 'string' && next.startsWith(`${connection.home}/`) ? next : undefined;
  }
  return found;
}

export function textIn(members: Members, name: string): string {
  const value = members.get(name);
  return typeof value === 'string' ? value : '';
}

export function listIn(members: Members, name: string): readonly unknown[] {
  const value = members.get(name);
  return Array.isArray(value) ? value : [];
}

export function within(members: Members, ...names: readonly string[]): Members {
  return names.reduce<Members>((found, name) => membersOf(found.get(name)), members);
}
