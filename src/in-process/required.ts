/** The entry for `require('postern')`. Where it can, it starts the server in this process, as the entry for `import` does. */
import { openServerInChild } from './child.ts';
import { posternOf } from './client.ts';
import { nodeRefusal } from './node-version.ts';
import type { Postern, PosternOptions } from './postern.ts';

/**
 * As the entry for `import`. Where the module loader cannot take in ES modules, as Jest's, the server has a process of its
 * own.
 */
export async function startPostern(options: PosternOptions = {}): Promise<Postern> {
  const refusal = nodeRefusal(process.versions.node);
  if (refusal !== undefined) throw new Error(refusal);
  // oxlint-disable-next-line no-restricted-imports -- the package's own entry for import, as its user would load it
  const imported = await import('postern').catch(() => undefined);
  return imported === undefined ? posternOf(await openServerInChild(options), options) : imported.startPostern(options);
}
