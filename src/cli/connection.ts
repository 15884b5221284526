import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandFailed } from './failed.ts';
import { membersOf } from './json.ts';

const members = [
  'home',
  'vaultSuffix',
  'tenantId',
  'subscriptionId',
  'clientId',
  'clientSecret',
  'caFile',
  'dataDir',
  /** Path of the supervisor's control socket. */
  'controlSocket',
  /** The IP address that programs on this machine connect to. */
  'address',
  /** Path of a hosts file with the names of the vaults. */
  'hostsFile',
] as const;
const lists = ['nat', 'identities'] as const;

/** A managed identity that a program can have. */
export interface ProgramIdentity {
  readonly name: string;
  readonly identityHeader: string;
  /** Of a user-assigned identity, which a program must name. */
  readonly clientId?: string;
}

/** How to reach a running server, read from the file that it writes into its data folder. */
export interface Connection extends Readonly<Record<(typeof members)[number], string>> {
  /** Where a client is seen from: the address that it has, and the one that the vault sees, as ranges of one size. */
  readonly nat: readonly { readonly from: string; readonly to: string }[];
  readonly identities: readonly ProgramIdentity[];
}

/** @throws {CommandFailed} when the file is missing or cannot be read */
export function readConnection(folder: string): Connection {
  const file = join(folder, 'connection.json');
  try {
    return readMembers(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new CommandFailed(
      `${file} cannot be read: ${cause}`,
      'Start the server with "postern start", or give its data folder with --data DIR.',
    );
  }
}

function readMembers(value: unknown): Connection {
  if (isConnection(value)) return value;
  throw new Error(`it lacks one of ${[...members, ...lists].join(', ')}`);
}

function isConnection(value: unknown): value is Connection {
  const found = membersOf(value);
  return (
    members.every((name) => typeof found.get(name) === 'string') &&
    lists.every((name) => Array.isArray(found.get(name)))
  );
}
