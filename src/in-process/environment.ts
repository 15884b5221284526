import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from '../cli/connection.ts';
import { developerName } from '../setup/developer.ts';
import { changed, environmentChange, rootsEnvironment } from '../cli/run/environment.ts';
import { programUrl } from '../programs/programs.ts';
import { Roots } from '../cli/run/roots.ts';

/**
 * The environment for a program, as `postern run` makes it: authority and managed identity, and for Node the names too.
 * The identity is `developer`, or else the first one.
 */
export async function environmentOf(
  connection: Connection,
  inherited: Readonly<Record<string, string | undefined>>,
): Promise<Readonly<Record<string, string>>> {
  const folder = join(connection.dataDir, 'roots');
  mkdirSync(folder, { recursive: true });
  const roots = await Roots.open(connection.caFile, folder);
  const files = { rootsWith: roots.with, extraWith: roots.extra };
  const { identities } = connection;
  const identity = identities.find(({ name }) => name === developerName) ?? identities[0];
  const change =
    identity === undefined
      ? { set: rootsEnvironment(inherited, files), unset: [] }
      : environmentChange({ inherited, connection, identity, ...files });
  const options = `${inherited['NODE_OPTIONS'] ?? ''} --import=${programUrl('register').href}`.trim();
  return { ...changed(inherited, change), POSTERN_DATA: connection.dataDir, NODE_OPTIONS: options };
}
