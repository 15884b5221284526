/** The entry for `require('postern')`. Where it can, it starts the server in this process, as the entry for `import` does. */
import { openServerInChild } from './child.ts';
import { posternOf } from './client.ts';
import type { Postern, PosternOptions } from './postern.ts';

/** As in `start-postern.ts`; where the module loader cannot take in ES modules, the server has a process of its own. */
export async function startPostern(options: PosternOptions = {}): Promise<Postern> {
  const here = await import('./start-postern.ts').catch(() => undefined);
  return here === undefined ? posternOf(await openServerInChild(options), options) : here.startPostern(options);
}
