import type { ControlOperation } from './operation.ts';
import { findBeside } from './routes.ts';
import type { ControlRoute } from './routes.ts';

/**
 * The operation that a path is one of, as the router of requests finds it: whatever the case, and the one with more
 * fixed segments where several fit. A parameter is one segment. What extends a resource comes last, as it does there.
 */
export function matchRoute(
  operations: readonly ControlOperation[],
  { method, path }: { readonly method: string; readonly path: string },
): ControlRoute | undefined {
  const segments = path.split('/').filter((segment) => segment !== '');
  let best: (ControlRoute & { readonly fixed: number }) | undefined;
  for (const operation of operations) {
    if (operation.method !== method) continue;
    const found = match(operation.path, segments);
    if (found !== undefined && (best === undefined || found.fixed > best.fixed)) best = { operation, ...found };
  }
  return best ?? findBeside(operations, { method, path });
}

function match(pattern: string, segments: readonly string[]) {
  const wanted = pattern.split('/').filter((segment) => segment !== '');
  if (wanted.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  let fixed = 0;
  for (const [index, part] of wanted.entries()) {
    const segment = segments[index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = decode(segment);
    else if (part.toLowerCase() !== segment.toLowerCase()) return undefined;
    else fixed += 1;
  }
  return { params, fixed };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
