/**
 * The entry for `import { startPostern } from 'postern'`. It loads the server when the first one starts: a Node that cannot
 * load it is told what to do instead.
 */
import { nodeRefusal } from './node-version.ts';
import type { Postern, PosternOptions } from './postern.ts';

export type { AuditRecord, Credential, ClientOptions, Explanation, Postern, PosternOptions, Seed } from './postern.ts';

/**
 * Starts a server in this process, in memory, on a free port of 127.0.0.1. Any number of them run at the same time. Nothing
 * of the process changes, and nothing is left behind after `stop`.
 * @throws {TypeError} for an option that is refused, with its path
 */
export async function startPostern(options: PosternOptions = {}): Promise<Postern> {
  const refusal = nodeRefusal(process.versions.node);
  if (refusal !== undefined) throw new Error(refusal);
  const { startHere } = await import('./start-here.ts');
  return startHere(options);
}
