/** An ARM id that roles can be assigned and locks be put at, taken apart. */
export interface Scope {
  /** As it was sent, without a slash at its end. */
  readonly id: string;
  readonly subscriptionId: string;
  readonly resourceGroup?: string;
  /** `Microsoft.KeyVault/vaults/secrets`, and a name for each of its parts after the first. */
  readonly type?: string;
  readonly names?: readonly string[];
}

/** The segments of an id. Nothing is decoded: a request's path was, once, when it was routed. */
export function idSegments(id: string): readonly string[] {
  return id.split('/').filter((segment) => segment !== '');
}

/** Takes the ARM id of a subscription, a group or a resource apart; `undefined` for anything else. */
export function parseScope(path: string): Scope | undefined {
  const segments = idSegments(path);
  const id = segments.map((segment) => `/${segment}`).join('');
  const [subscriptions = '', subscriptionId = '', groups, resourceGroup, providers, namespace, ...rest] = segments;
  if (subscriptions.toLowerCase() !== 'subscriptions' || subscriptionId === '') return undefined;
  if (groups === undefined) return { id, subscriptionId };
  if (groups.toLowerCase() !== 'resourcegroups' || resourceGroup === undefined) return undefined;
  if (providers === undefined) return { id, subscriptionId, resourceGroup };
  if (providers.toLowerCase() !== 'providers' || namespace === undefined) return undefined;
  if (rest.length === 0 || rest.length % 2 === 1) return undefined;
  const type = [namespace, ...rest.filter((_, index) => index % 2 === 0)].join('/');
  return { id, subscriptionId, resourceGroup, type, names: rest.filter((_, index) => index % 2 === 1) };
}

/** Takes the path of a list of a type apart, in a group, in a resource or in a subscription; `undefined` for anything else. */
export function parseList(path: string) {
  const segments = idSegments(path);
  const [subscriptions = '', subscriptionId = '', groups = '', resourceGroup] = segments;
  const inGroup = groups.toLowerCase() === 'resourcegroups';
  const [providers = '', namespace, ...rest] = segments.slice(inGroup ? 4 : 2);
  if (subscriptions.toLowerCase() !== 'subscriptions' || providers.toLowerCase() !== 'providers') return undefined;
  if (namespace === undefined || rest.length % 2 === 0 || (!inGroup && rest.length > 1)) return undefined;
  const names = rest.filter((_, index) => index % 2 === 1);
  const type = [namespace, ...rest.filter((_, index) => index % 2 === 0)].join('/');
  return { subscriptionId, resourceGroup: inGroup ? resourceGroup : undefined, type, names };
}
