import { idSegments } from '../resources/scope-id.ts';
import type { ControlOperation } from './operation.ts';
import { findBeside, matchPath } from './routes.ts';
import type { ControlRoute } from './routes.ts';

/**
 * The operation that an id is the path of, as the router of requests finds it: in any case, and the one with more fixed
 * segments where several fit. A parameter is one segment, and nothing in it is decoded. What extends a resource comes
 * last, as it does there.
 */
export function matchRoute(
  operations: readonly ControlOperation[],
  { method, path }: { readonly method: string; readonly path: string },
): ControlRoute | undefined {
  const segments = idSegments(path);
  let best: (ControlRoute & { readonly fixed: number }) | undefined;
  for (const operation of operations) {
    if (operation.method !== method) continue;
    const found = matchPath(operation.path, segments);
    if (found !== undefined && (best === undefined || found.fixed > best.fixed)) best = { operation, path, ...found };
  }
  return best ?? findBeside(operations, { method, path });
}
