import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { hostOf } from '../http/host.ts';
import type { HomeHost, HostListener } from '../http/host.ts';
import { targetSegments } from '../http/request-target.ts';

/** The first segments of the resource manager's paths. */
const ofResources: ReadonlySet<string> = new Set(['subscriptions', 'tenants', 'providers']);

/**
 * What is at the server's own names: the authority and Graph on `routes`, and the resource manager. Its paths do not come
 * to the framework, which would read their bodies; every other path that nobody has is the resource manager's too.
 */
export function beside(routes: FastifyInstance, resourceManager: HostListener<HomeHost>): HostListener<HomeHost> {
  return (request, response, host) => {
    if (isOfResources(request)) resourceManager(request, response, host);
    else routes.routing(request, response);
  };
}

/** To be called before `routes` is ready. */
export function leaveTo(resourceManager: HostListener<HomeHost>, routes: FastifyInstance): void {
  routes.setNotFoundHandler((request, reply) => {
    const host = hostOf(request.raw);
    if (host.kind !== 'home') throw new Error('a request to a vault came to the home host');
    reply.hijack();
    resourceManager(request.raw, reply.raw, host);
  });
}

function isOfResources({ url = '' }: IncomingMessage): boolean {
  const [first = '', second] = (targetSegments(url) ?? ['subscriptions']).map((segment) => segment.toLowerCase());
  return ofResources.has(first) || (first === 'metadata' && second === 'endpoints');
}
