import type { FastifyRequest } from 'fastify';
import { textsOf } from '../http/parameters.ts';
import { pathOf } from '../http/request.ts';
import { isServed } from '../resources/resource-types.ts';
import { parseList, parseScope, pathSegments } from '../resources/scope-id.ts';
import type { ControlOperation } from './operation.ts';

/** The operation that a request asks for, and what its path says by name. */
export interface ControlRoute {
  readonly operation: ControlOperation;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds the operation of a request that came by a route. */
export type FindRoute = (request: FastifyRequest) => ControlRoute | undefined;

export interface RouteTable {
  readonly method: ControlOperation['method'];
  readonly url: string;
  readonly find: FindRoute;
}

const scopePrefix = '{scope}';
/** Operations on any resource of a group, and on lists of any type: the last to be looked for. */
const resourcePath = '{resource}';
const resourcesPath = '{resources}';
const underSubscription = '/subscriptions/:subscriptionId/*';

/**
 * Where the operations are to be routed. A router has its wildcard last, but what extends a resource has its id before
 * it, of any length: all of those share one route a method, at which the end of the path is looked at.
 */
export function routesOf(operations: readonly ControlOperation[]): readonly RouteTable[] {
  const fixed = operations.filter((operation) => !isExtending(operation) && !isGeneral(operation));
  const extending = operations.filter(isExtending).map(compile);
  const general = operations.filter(isGeneral);
  const methods = new Set([
    ...extending.map(({ operation }) => operation.method),
    ...general.map(({ method }) => method),
  ]);
  return [
    ...fixed.map((operation) => ({
      method: operation.method,
      url: operation.path,
      find: (request: FastifyRequest) => {
        const params = textsOf(request.params);
        return { operation, params: params.ok ? params.texts : {} };
      },
    })),
    ...[...methods].map((method) => {
      const candidates = extending.filter(({ operation }) => operation.method === method);
      const others = general.filter((operation) => operation.method === method);
      return {
        method,
        url: underSubscription,
        find: (request: FastifyRequest) => {
          const path = pathOf(request.url);
          return find(candidates, path) ?? findGeneral(others, path);
        },
      };
    }),
  ];
}

interface Extending {
  readonly operation: ControlOperation;
  /** The segments after the scope: a text in lower case, or the name of a parameter. */
  readonly tail: readonly ({ readonly text: string } | { readonly name: string })[];
}

function compile(operation: ControlOperation): Extending {
  const tail = operation.path
    .slice(scopePrefix.length + 1)
    .split('/')
    .map((segment) => (segment.startsWith(':') ? { name: segment.slice(1) } : { text: segment.toLowerCase() }));
  return { operation, tail };
}

/** The operation, of those that extend a resource or are on any resource, that a path is one of. */
export function findBeside(
  operations: readonly ControlOperation[],
  { method, path }: { readonly method: string; readonly path: string },
): ControlRoute | undefined {
  const extending = operations.filter((operation) => operation.method === method && isExtending(operation));
  const general = operations.filter((operation) => operation.method === method && isGeneral(operation));
  return find(extending.map(compile), path) ?? findGeneral(general, path);
}

function isGeneral({ path }: ControlOperation): boolean {
  return path === resourcePath || path === resourcesPath;
}

/** The action of such an operation is that of the type which the path names. */
function findGeneral(operations: readonly ControlOperation[], path: string): ControlRoute | undefined {
  const named = nameIn(path);
  if (named === undefined || !isServed(named.type)) return undefined;
  const operation = operations.find((one) => (one.path === resourcePath) === named.isResource);
  if (operation === undefined) return undefined;
  const { subscriptionId, resourceGroup } = named;
  return {
    operation: { ...operation, action: `${named.type}/${operation.action}` },
    params: { subscriptionId, ...(resourceGroup !== undefined && { resourceGroup }) },
  };
}

function nameIn(path: string) {
  const scope = parseScope(path);
  if (scope?.type !== undefined) {
    const { subscriptionId, resourceGroup, type } = scope;
    return { isResource: true, subscriptionId, resourceGroup, type };
  }
  const list = parseList(path);
  return list === undefined ? undefined : { isResource: false, ...list };
}

function isExtending({ path }: ControlOperation): boolean {
  return path.startsWith(scopePrefix);
}

function find(candidates: readonly Extending[], path: string): ControlRoute | undefined {
  const segments = pathSegments(path);
  const [subscriptions, subscriptionId] = segments;
  if (subscriptions?.toLowerCase() !== 'subscriptions' || subscriptionId === undefined) return undefined;
  for (const { operation, tail } of candidates) {
    const at = segments.length - tail.length;
    const params: Record<string, string> = { subscriptionId };
    const matches = tail.every((part, index) => {
      const segment = segments[at + index];
      if (segment === undefined) return false;
      if ('text' in part) return segment.toLowerCase() === part.text;
      params[part.name] = segment;
      return true;
    });
    if (!matches) continue;
    params['scope'] = segments
      .slice(0, at)
      .map((segment) => `/${segment}`)
      .join('');
    return { operation, params };
  }
  return undefined;
}
