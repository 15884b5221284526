import { regions } from '../../resources/regions.ts';
import { namespaces } from './namespaces.ts';
import type { ProviderType } from './namespaces.ts';

const locations = regions.map(({ displayName }) => displayName);

/** A provider as clients ask for it: which types it has, with which api-versions, where. It is always registered. */
export function providerResource(
  subscriptionId: string,
  { namespace, types }: { readonly namespace: string; readonly types: readonly ProviderType[] },
) {
  return {
    id: `/subscriptions/${subscriptionId}/providers/${namespace}`,
    namespace,
    registrationPolicy: 'RegistrationRequired',
    registrationState: 'Registered',
    resourceTypes: types.map(({ resourceType, apiVersions }) => ({
      resourceType,
      locations,
      apiVersions,
      capabilities: 'SupportsTags, SupportsLocation',
    })),
  };
}

export function providerOf(namespace: string) {
  return namespaces.get(namespace.toLowerCase());
}
