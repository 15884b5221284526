import type { Connection, ProgramIdentity } from '../connection.ts';
import { CommandFailed } from '../failed.ts';

const defaultName = 'developer';

/**
 * The identity of that name. The one of a resource is also found by the last segment of its id.
 * @throws {CommandFailed} when there is none, or more than one
 */
export function identityNamed({ identities }: Connection, name = defaultName): ProgramIdentity {
  const asked = name.toLowerCase();
  const found = identities.filter((identity) => identity.name.toLowerCase() === asked);
  const matching = found.length > 0 ? found : identities.filter((identity) => lastSegment(identity.name) === asked);
  const [identity, ...others] = matching;
  if (identity !== undefined && others.length === 0) return identity;
  const names = identities.map((known) => known.name);
  throw new CommandFailed(
    others.length > 0 ? `More than one identity is called '${name}'.` : `There is no identity '${name}' for a program.`,
    names.length === 0
      ? 'Give a client of the configuration file a managedIdentity and an identityHeader.'
      : `There are: ${names.join(', ')}. One with an identityHeader in the configuration file is one, too.`,
  );
}

function lastSegment(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).toLowerCase();
}
