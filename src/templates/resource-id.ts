/**
 * Type and names woven into the end of a resource's id: `Microsoft.KeyVault/vaults/secrets` and `kv`, `one` become
 * `Microsoft.KeyVault/vaults/kv/secrets/one`. `undefined` when there are not as many names as segments of the type.
 */
export function weave(type: string, names: readonly string[]): string | undefined {
  const [namespace, ...kinds] = type.split('/');
  if (namespace === undefined || namespace === '' || kinds.length !== names.length || kinds.includes(''))
    return undefined;
  return [namespace, ...kinds.flatMap((kind, index) => [kind, names[index] ?? ''])].join('/');
}

/** Where resources of a deployment stand. */
export interface Standing {
  readonly subscriptionId: string;
  readonly resourceGroup?: string | undefined;
}

/** The id of a resource; `scope` is the id of the resource that an extension extends. */
export function idOf(
  {
    type,
    names,
    scope,
  }: { readonly type: string; readonly names: readonly string[]; readonly scope?: string | undefined },
  standing: Standing,
): string | undefined {
  const { subscriptionId, resourceGroup } = standing;
  // The one resource that has no provider in its id.
  if (type.toLowerCase() === 'microsoft.resources/resourcegroups' && names.length === 1) {
    return `/subscriptions/${subscriptionId}/resourceGroups/${names[0]}`;
  }
  const woven = weave(type, names);
  if (woven === undefined) return undefined;
  const root =
    scope ?? `/subscriptions/${subscriptionId}${resourceGroup === undefined ? '' : `/resourceGroups/${resourceGroup}`}`;
  return `${root}/providers/${woven}`;
}

/** The id of a scope that may be written short, `Microsoft.KeyVault/vaults/kv`, as extensions name what they extend. */
export function scopeId(scope: string, standing: Standing): string {
  if (scope.startsWith('/')) return scope.replace(/\/$/, '');
  const { subscriptionId, resourceGroup } = standing;
  return `/subscriptions/${subscriptionId}${resourceGroup === undefined ? '' : `/resourceGroups/${resourceGroup}`}/providers/${scope}`;
}
