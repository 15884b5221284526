import { targetSegments } from '../http/request-target.ts';
import { isServed } from '../resources/resource-types.ts';
import { parseList, parseScope, idSegments } from '../resources/scope-id.ts';
import type { ControlOperation } from './operation.ts';

/**
 * The operation that a request asks for, and what its path says by name. Both are read from the same segments, so that
 * whatever is authorized, locked or recorded by `path` is what the operation acts on by `params`.
 */
export interface ControlRoute {
  readonly operation: ControlOperation;
  /** The path in the form of an ARM id: each segment decoded once, no needless slashes. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds the operation of a request that came by a route, from its target. */
export type FindRoute = (target: string) => ControlRoute | undefined;

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
      find: (target: string) => findFixed(operation, target),
    })),
    ...[...methods].map((method) => {
      const candidates = extending.filter(({ operation }) => operation.method === method);
      const others = general.filter((operation) => operation.method === method);
      return {
        method,
        url: underSubscription,
        find: (target: string) => {
          const path = idOf(targetSegments(target) ?? []);
          return find(candidates, path) ?? findGeneral(others, path);
        },
      };
    }),
  ];
}

/** Not by the router's own parameters: the operation acts on what is authorized even if the router reads a path otherwise. */
function findFixed(operation: ControlOperation, target: string): ControlRoute | undefined {
  const segments = targetSegments(target);
  const found = segments && matchPath(operation.path, segments);
  return found && { operation, path: idOf(segments), params: found.params };
}

function idOf(segments: readonly string[]): string {
  return segments.map((segment) => `/${segment}`).join('');
}

/** What the segments of a path say by name where they are of that pattern; and how many of its segments are fixed. */
export function matchPath(pattern: string, segments: readonly string[]) {
  const wanted = idSegments(pattern);
  if (wanted.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  let fixed = 0;
  for (const [index, part] of wanted.entries()) {
    const segment = segments[index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = segment;
    else if (part.toLowerCase() !== segment.toLowerCase()) return undefined;
    else fixed += 1;
  }
  return { params, fixed };
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
    path,
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
  const segments = idSegments(path);
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
    params['scope'] = idOf(segments.slice(0, at));
    return { operation, path, params };
  }
  return undefined;
}
