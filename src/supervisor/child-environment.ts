import { isAbsolute } from 'node:path';
import { secretVariables } from '../settings/settings.ts';
import { notifyVariables } from './service-notices.ts';

/**
 * The search paths of programs and libraries, with their separators. An empty or relative entry means the working
 * directory (environ(7), ld.so(8)).
 */
const searchPaths: Readonly<Record<string, RegExp>> = { PATH: /:/, NODE_PATH: /:/, LD_LIBRARY_PATH: /[:;]/ };

/** Lists of libraries: paths, or names without a slash, which are looked up in the search path (ld.so(8)). */
const libraries: Readonly<Record<string, RegExp>> = { LD_PRELOAD: /[: ]/, LD_AUDIT: /:/ };

/**
 * The environment of child processes. The master key is not in it: the worker gets it in its first message. Nor
 * is the way to the service manager, which hears from the supervisor alone. Nothing in it
 * leads to code in the working directory, which may be a folder of the worker's while the child is root.
 */
export function childEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own: ReadonlySet<string> = new Set([...secretVariables, ...notifyVariables]);
  const kept = Object.entries(environment)
    .filter(([name]) => !own.has(name))
    .map(([name, value = '']) => [name, withoutRelative(name, value)] as const)
    // An empty search path would mean the working directory again, so the variable is removed.
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
