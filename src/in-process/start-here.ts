import { posternOf } from './client.ts';
import type { Postern, PosternOptions } from './postern.ts';
import { openServerHere } from './server.ts';

/** As `startPostern`, on a Node that is new enough. */
export async function startHere(options: PosternOptions): Promise<Postern> {
  return posternOf(await openServerHere(options), options);
}
