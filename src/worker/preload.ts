import fastify from 'fastify';
import { routerOptions } from '../http/router.ts';

/**
 * Makes a router that nobody asks, and ends it: Fastify loads parts of itself only when it makes its first one, and once
 * root is given up the way to its files may be closed.
 */
export async function preload(): Promise<void> {
  const router = fastify({ ...routerOptions });
  router.post('/', () => ({}));
  await router.ready();
  await router.close();
}
