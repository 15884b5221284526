import { posternOf } from './client.ts';
import type { Postern, PosternOptions } from './postern.ts';
import { openServerHere } from './server.ts';

export type {
  AccessToken,
  AuditRecord,
  ClientOptions,
  Credential,
  Explanation,
  Place,
  Postern,
  PosternOptions,
  Question,
  SecretRequest,
} from './postern.ts';

/**
 * Starts a server in this process, in memory, on a free port of 127.0.0.1. Any number of them run at the same time. Nothing
 * of the process changes, and nothing is left behind after `stop`.
 * @throws {TypeError} for an option that is refused, with its path
 */
export async function startPostern(options: PosternOptions = {}): Promise<Postern> {
  const backend = await openServerHere(options);
  return posternOf(backend, options);
}
