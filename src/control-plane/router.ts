import { isServed } from '../resources/kinds.ts';
import { idSegments, parseList, parseScope } from '../resources/scope-id.ts';
import type { ControlOperation } from './operation.ts';

/** The operation that method and path name, and what the path says by name. */
export interface ControlRoute {
  readonly operation: ControlOperation;
  readonly params: Readonly<Record<string, string>>;
}

/**
 * Finds the operation of a path by its segments. Whatever is authorized, locked or recorded by the path is made of the
 * same segments, so that it is what the operation acts on by `params`.
 */
export type FindRoute = (method: string, segments: readonly string[]) => ControlRoute | undefined;

const scopePrefix = '{scope}';
/** Operations on any resource of a group, and on lists of any type: the last to be looked for. */
const resourcePath = '{resource}';
const resourcesPath = '{resources}';

/** Segments of a longer path are no resource's, and no name's. */
const segmentLengthMax = 2048;

/** An operation's path, or what comes after its scope. */
interface Pattern {
  readonly operation: ControlOperation;
  readonly parts: readonly Part[];
  readonly fixed: number;
}

/** A fixed segment in lower case, or the name of a parameter. */
type Part = { readonly text: string } | { readonly name: string };

/**
 * The router of requests that come over a connection and of those that the server makes itself. In any case, the
 * operation with more fixed segments where several fit; what extends a resource of any id comes after them, and what is
 * on any resource last. A parameter is one segment, and nothing in it is decoded.
 */
export function routerOf(operations: readonly ControlOperation[]): FindRoute {
  const whole = new Map<string, Pattern[]>();
  const extending = new Map<string, Pattern[]>();
  const general = operations.filter(({ path }) => path === resourcePath || path === resourcesPath);
  for (const operation of operations) {
    const { method, path } = operation;
    if (general.includes(operation)) continue;
    const isExtending = path.startsWith(scopePrefix);
    const pattern = compile(operation, isExtending ? path.slice(scopePrefix.length) : path);
    if (isExtending) add(extending, method, pattern);
    else add(whole, `${method} ${pattern.parts.length}`, pattern);
  }
  for (const patterns of whole.values()) patterns.sort((one, other) => other.fixed - one.fixed);
  return (method, segments) => {
    if (segments.some(({ length }) => length > segmentLengthMax)) return undefined;
    return (
      findWhole(whole.get(`${method} ${segments.length}`) ?? [], segments) ??
      findExtending(extending.get(method) ?? [], segments) ??
      findGeneral(general, method, segments)
    );
  };
}

/** The path of an ARM id's segments. */
export function idOf(segments: readonly string[]): string {
  return segments.map((segment) => `/${segment}`).join('');
}

function compile(operation: ControlOperation, path: string): Pattern {
  const parts = idSegments(path).map((segment): Part =>
    segment.startsWith(':') ? { name: segment.slice(1) } : { text: segment.toLowerCase() },
  );
  return { operation, parts, fixed: parts.filter((part) => 'text' in part).length };
}

function add(patterns: Map<string, Pattern[]>, key: string, pattern: Pattern): void {
  const known = patterns.get(key);
  if (known === undefined) patterns.set(key, [pattern]);
  else known.push(pattern);
}

/** What the segments from `at` on say by name; `undefined` where they are not of that pattern. */
function match(parts: readonly Part[], segments: readonly string[], at: number): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    const segment = segments[at + index];
    if (segment === undefined) return undefined;
    if ('name' in part) params[part.name] = segment;
    else if (segment.toLowerCase() !== part.text) return undefined;
  }
  return params;
}

function findWhole(patterns: readonly Pattern[], segments: readonly string[]): ControlRoute | undefined {
  for (const { operation, parts } of patterns) {
    const params = match(parts, segments, 0);
    if (params !== undefined) return { operation, params };
  }
  return undefined;
}

function findExtending(patterns: readonly Pattern[], segments: readonly string[]): ControlRoute | undefined {
  const [subscriptions, subscriptionId] = segments;
  if (subscriptions?.toLowerCase() !== 'subscriptions' || subscriptionId === undefined) return undefined;
  for (const { operation, parts } of patterns) {
    const at = segments.length - parts.length;
    const named = match(parts, segments, at);
    if (named !== undefined)
      return { operation, params: { subscriptionId, ...named, scope: idOf(segments.slice(0, at)) } };
  }
  return undefined;
}

/** The action of such an operation is that of the type which the path names. */
function findGeneral(
  operations: readonly ControlOperation[],
  method: string,
  segments: readonly string[],
): ControlRoute | undefined {
  const named = nameIn(idOf(segments));
  if (named === undefined || !isServed(named.type)) return undefined;
  const path = named.isResource ? resourcePath : resourcesPath;
  const operation = operations.find((one) => one.method === method && one.path === path);
  if (operation === undefined) return undefined;
  const { subscriptionId, resourceGroup, type } = named;
  return {
    operation: { ...operation, action: `${type}/${operation.action}` },
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
