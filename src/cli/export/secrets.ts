import { errorMessage, send } from '../client.ts';
import type { ClientAnswer } from '../client.ts';
import type { Connection } from '../connection.ts';
import { CommandFailed } from '../failed.ts';
import { membersOf } from '../json.ts';
import type { SeedFile } from '../../seed/seed-file.ts';
import { localAddressFor } from '../seen-address.ts';
import { listIn, textIn, within } from './found.ts';
import type { Found, Members } from './found.ts';
import type { LeftOut } from './left-out.ts';
import { tagsOf } from './resources.ts';

type Secrets = NonNullable<NonNullable<SeedFile['vaults']>[string]['secrets']>;

/** How values are read: with a token for the vaults, from an address, or not at all. */
export interface Reading {
  readonly connection: Connection;
  /** `undefined`: no values are read. */
  readonly vaultToken: string | undefined;
  /** The local address to connect from; `undefined`: the usual one, and then those that the vault lets in. */
  readonly localAddress: string | undefined;
  readonly leftOut: LeftOut;
}

/** The secrets of a vault. The resource manager tells everything but their values, past the vault's firewall as on Azure. */
export async function secretsOf(vault: Members, found: Found, reading: Reading): Promise<Secrets> {
  const name = textIn(vault, 'name');
  const keys = new Set(
    (found.keys.get(name) ?? []).map((key) => textIn(within(key, 'properties'), 'keyUriWithVersion')),
  );
  const secrets: Record<string, Secrets[string]> = {};
  for (const secret of found.secrets.get(name) ?? []) {
    const uri = textIn(within(secret, 'properties'), 'secretUriWithVersion');
    const secretName = textIn(secret, 'name');
    // A certificate's key and secret have its name and version.
    if (keys.has(uri.replace('/secrets/', '/keys/'))) {
      reading.leftOut.add(`the certificate '${secretName}' of the vault '${name}'`, 'a seed has none');
      continue;
    }
    secrets[secretName] = secretOf(secret, await valueOf(vault, { uri, secretName }, reading));
  }
  return secrets;
}

function secretOf(secret: Members, value: string | null): Secrets[string] {
  const properties = within(secret, 'properties');
  const attributes = within(properties, 'attributes');
  const contentType = textIn(properties, 'contentType');
  const others = {
    ...(contentType !== '' && { contentType }),
    ...tagsOf(secret),
    ...(attributes.get('enabled') === false && { enabled: false }),
    ...timeIn(attributes, { member: 'nbf', as: 'notBefore' }),
    ...timeIn(attributes, { member: 'exp', as: 'expires' }),
  };
  return Object.keys(others).length === 0 ? value : { value, ...others };
}

function timeIn(
  attributes: Members,
  { member, as }: { readonly member: string; readonly as: 'notBefore' | 'expires' },
) {
  const seconds = attributes.get(member);
  return typeof seconds === 'number' ? { [as]: new Date(seconds * 1000).toISOString().replace('.000Z', 'Z') } : {};
}

async function valueOf(
  vault: Members,
  { uri, secretName }: { readonly uri: string; readonly secretName: string },
  reading: Reading,
): Promise<string | null> {
  if (reading.vaultToken === undefined) return null;
  const answer = await askFromInside(vault, uri, reading);
  const value = membersOf(answer.body).get('value');
  if (answer.status === 200 && typeof value === 'string') return value;
  const vaultName = textIn(vault, 'name');
  if (isDisabled(answer)) {
    reading.leftOut.add(
      `the value of the secret '${secretName}' of the vault '${vaultName}'`,
      'it is disabled, so nothing reads it',
    );
    return null;
  }
  const what = `the value of the secret '${secretName}' of the vault '${vaultName}'`;
  const message = errorMessage(answer).replaceAll('\n', ' ');
  if (answer.status !== 403) throw new CommandFailed(`${what} cannot be read: ${message}`);
  // Many a vault lets subnets in alone. The rest of the seed is worth having, and the exit status says that it is not whole.
  reading.leftOut.refused(
    what,
    `${message} Let the administrator in, from an address of this machine (--from ADDRESS takes one of several), or write the value into the file.`,
  );
  return null;
}

/** From the usual address, and if the firewall refuses that, from those of this machine that a rule lets in. */
async function askFromInside(
  vault: Members,
  uri: string,
  { connection, vaultToken, localAddress }: Reading,
): Promise<ClientAnswer> {
  const ask = (from: string | undefined) =>
    send(connection, {
      method: 'GET',
      url: `${uri}?api-version=2025-07-01`,
      token: vaultToken ?? '',
      localAddress: from,
    });
  const first = await ask(localAddress);
  if (localAddress !== undefined || !isCode(first, 'ForbiddenByFirewall')) return first;
  for (const rule of listIn(within(vault, 'properties', 'networkAcls'), 'ipRules')) {
    const from = localAddressIn(textIn(membersOf(rule), 'value'), connection);
    const answer = from === undefined ? undefined : await ask(from).catch(() => undefined);
    if (answer !== undefined && !isCode(answer, 'ForbiddenByFirewall')) return answer;
  }
  return first;
}

function localAddressIn(rule: string, connection: Connection): string | undefined {
  try {
    return localAddressFor(rule.replace(/\/.*/, ''), connection);
  } catch (error) {
    if (error instanceof CommandFailed) return undefined;
    throw error;
  }
}

function isCode({ body }: ClientAnswer, code: string): boolean {
  return textIn(within(membersOf(body), 'error', 'innererror'), 'code') === code;
}

function isDisabled(answer: ClientAnswer): boolean {
  return isCode(answer, 'SecretDisabled');
}
