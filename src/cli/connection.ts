import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandFailed } from './failed.ts';

/** How to reach a running server, from the file that it leaves in its data folder. */
export interface Connection {
  readonly home: string;
  readonly vaultSuffix: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly caFile: string;
  readonly dataDir: string;
  /** Path of the supervisor's control socket. */
  readonly controlSocket: string;
}

/** @throws {CommandFailed} when there is none, or it may not be read */
export function readConnection(folder: string): Connection {
  const file = join(folder, 'connection.json');
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Connection;
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new CommandFailed(
      `${file} cannot be read: ${cause}`,
      'Start the server with "postern start", or name its data folder with --data DIR.',
    );
  }
}
