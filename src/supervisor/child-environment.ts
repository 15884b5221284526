import { isAbsolute } from 'node:path';
import { secretVariables } from '../settings/settings.ts';

/**
 * Where programs and libraries are looked for, and what the members are separated by. An empty member, or a relative one,
 * is in the working directory (environ(7), ld.so(8)).
 */
const searchPaths: Readonly<Record<string, RegExp>> = { PATH: /:/, NODE_PATH: /:/, LD_LIBRARY_PATH: /[:;]/ };

/** Libraries by their paths, or by names without a slash, which are looked for there (ld.so(8)). */
const libraries: Readonly<Record<string, RegExp>> = { LD_PRELOAD: /[: ]/, LD_AUDIT: /:/ };

/**
 * The environment of every child. The master key goes to the worker in its first message, and into nobody's environment.
 * Nothing in it leads to code in the working directory, which may be a folder of the worker's while the child is root.
 */
export function childEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const secret: readonly string[] = secretVariables;
  const kept = Object.entries(environment)
    .filter(([name]) => !secret.includes(name))
    .map(([name, value = '']) => [name, withoutRelative(name, value)] as const)
    // Without a member there is no variable, for an empty one would mean the working directory again.
    .filter(([name, value]) => value !== '' || !Object.hasOwn(searchPaths, name));
  return Object.fromEntries(kept);
}

function withoutRelative(name: string, value: string): string {
  const [path, library] = [searchPaths[name], libraries[name]];
  if (path !== undefined)
    return value
      .split(path)
      .filter((member) => isAbsolute(member))
      .join(':');
  if (library === undefined) return value;
  return value
    .split(library)
    .filter((member) => isAbsolute(member) || !member.includes('/'))
    .join(':');
}
