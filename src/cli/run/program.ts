import type { Connection } from '../connection.ts';
import { environmentChange } from './environment.ts';
import type { EnvironmentChange } from './environment.ts';
import { identityNamed } from './identity.ts';
import { cacheFolder, Roots } from './roots.ts';

/** The change of this process's environment for a program that is to be the identity `as`, and the roots that it names. */
export async function changeFor(
  connection: Connection,
  as: string | undefined,
): Promise<{ readonly change: EnvironmentChange; readonly roots: Roots }> {
  const roots = await Roots.open(connection.caFile, cacheFolder('roots', connection.dataDir));
  const change = environmentChange({
    inherited: process.env,
    connection,
    identity: identityNamed(connection, as),
    rootsWith: roots.with,
    extraWith: roots.extra,
  });
  return { change, roots };
}
