/**
 * The type and names at the end of a resource's id: `Microsoft.KeyVault/vaults/secrets` with `kv` and `one` becomes
 * `Microsoft.KeyVault/vaults/kv/secrets/one`. `undefined` unless there are as many names as the type has segments.
 */
export function joinTypeAndNames(type: string, names: readonly string[]): string | undefined {
  const [namespace, ...kinds] = type.split('/');
  if (namespace === undefined || namespace === '' || kinds.length !== names.length || kinds.includes(''))
    return undefined;
  return [namespace, ...kinds.flatMap((kind, index) => [kind, names[index] ?? ''])].join('/');
}

/** The subscription and group of a deployment's resources. */
export interface Placement {
  readonly subscriptionId: string;
  readonly resourceGroup?: string | undefined;
}

/** The id of a resource. `scope`: the id of the resource that an extension extends. */
export function idOf(
  {
    type,
    names,
    scope,
  }: { readonly type: string; readonly names: readonly string[]; readonly scope?: string | undefined },
  placement: Placement,
): string | undefined {
  const { subscriptionId, resourceGroup } = placement;
  // Resource groups are the only resources without a provider in their id.
  if (type.toLowerCase() === 'microsoft.resources/resourcegroups' && names.length === 1) {
    return `/subscriptions/${subscriptionId}/resourceGroups/${names[0]}`;
  }
  const woven = joinTypeAndNames(type, names);
  if (woven === undefined) return undefined;
  const root =
    scope ?? `/subscriptions/${subscriptionId}${resourceGroup === undefined ? '' : `/resourceGroups/${resourceGroup}`}`;
  return `${root}/providers/${woven}`;
}

/** The id of a scope, which may be written in short form, `Microsoft.KeyVault/vaults/kv`, as in an extension's `scope`. */
export function scopeId(scope: string, placement: Placement): string {
  if (scope.startsWith('/')) return scope.replace(/\/$/, '');
  const { subscriptionId, resourceGroup } = placement;
  return `/subscriptions/${subscriptionId}${resourceGroup === undefined ? '' : `/resourceGroups/${resourceGroup}`}/providers/${scope}`;
}
