import type { ControlOperation } from './operation.ts';
import { findBeside } from './routes.ts';
import type { ControlRoute } from './routes.ts';

/**
 * The operation that a path is one of, as the router of requests finds it: whatever the case, and the one with more
 * fixed segments where several fit. A parameter is one segment, `*` is whatever follows.
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
  const params: Record<string, string> = {};
  let fixed = 0;
  for (const [index, part] of wanted.entries()) {
    if (part === '*') return { params: { ...params, '*': segments.slice(index).join('/') }, fixed };
    const segment = segments[index];
    if (segment === undefined) return undefined;
    if (part.startsWith(':')) params[part.slice(1)] = decode(segment);
    else if (part.toLowerCase() !== segment.toLowerCase()) return undefined;
    else fixed += 1;
  }
  return wanted.length === segments.length ? { params, fixed } : undefined;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
