/**
 * Whether an ARM id lies at or below another, by whole segments. Both are in lower case and end without a slash; `''`
 * stands for the tenant, below which everything lies.
 */
export function isWithin(scope: string, outer: string): boolean {
  return scope.startsWith(outer) && (scope.length === outer.length || scope.startsWith('/', outer.length));
}
