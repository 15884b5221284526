import { regions } from '../../resources/regions.ts';
import { namespaces } from './namespaces.ts';
import type { ProviderType } from './namespaces.ts';
import { answer, refuse } from '../operation.ts';
import type { ControlCall, ControlOperation, ControlOutcome } from '../operation.ts';
import { groupPath } from '../resource-groups/resource-groups.ts';
import { kinds } from '../../resources/any/kinds.ts';

const locations = regions.map(({ displayName }) => displayName);

/** A provider with its resource types, their api-versions and regions. It is always registered. */
function providerResource(
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

function providerOf(namespace: string) {
  return namespaces.get(namespace.toLowerCase());
}

const providersPath = '/subscriptions/:subscriptionId/providers';
const readAction = 'Microsoft.Resources/subscriptions/providers/read';

async function get(call: ControlCall): Promise<ControlOutcome> {
  const namespace = call.params['namespace'] ?? '';
  const provider = providerOf(namespace) ?? refuse({ kind: 'providerUnknown', namespace });
  return answer(200, providerResource(call.subscription.subscriptionId, provider));
}

async function list({ subscription }: ControlCall): Promise<ControlOutcome> {
  const value = [...namespaces.values()].map((provider) => providerResource(subscription.subscriptionId, provider));
  return answer(200, { value });
}

const nothing = async (): Promise<ControlOutcome> => answer(200, { value: [] });

/** Empty lists: there are no managed HSMs, but az asks for them with every list of vaults. */
const hsms = [`${providersPath}/Microsoft.KeyVault`, `${groupPath}/providers/Microsoft.KeyVault`].map(
  (at): ControlOperation => ({
    method: 'GET',
    path: `${at}/managedHSMs`,
    action: 'Microsoft.KeyVault/managedHSMs/read',
    shows: 'own',
    run: nothing,
  }),
);

/** Metadata of providers, which every caller of the tenant may read. */
export const providerOperations: readonly ControlOperation[] = [
  { method: 'GET', path: providersPath, action: readAction, shows: 'own', run: list },
  { method: 'GET', path: `${providersPath}/:namespace`, action: readAction, shows: 'own', run: get },
  {
    method: 'POST',
    path: `${providersPath}/:namespace/register`,
    action: 'Microsoft.Resources/subscriptions/providers/register/action',
    run: get,
  },
  ...hsms,
  {
    method: 'GET',
    path: `${providersPath}/Microsoft.KeyVault/deletedManagedHSMs`,
    action: 'Microsoft.KeyVault/deletedManagedHSMs/read',
    shows: 'own',
    run: nothing,
  },
];

/** By provider, the actions that are needed only by an operation on another resource. */
const linked: Readonly<Record<string, readonly string[]>> = {
  'Microsoft.KeyVault': [
    'Microsoft.KeyVault/vaults/PrivateEndpointConnectionsApproval/action',
    'Microsoft.KeyVault/vaults/deploy/action',
  ],
  'Microsoft.ManagedIdentity': ['Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'],
  'Microsoft.Network': [
    'Microsoft.Network/virtualNetworks/peer/action',
    'Microsoft.Network/virtualNetworks/subnets/join/action',
    'Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action',
  ],
};

/**
 * GET /providers/{provider}/operations: the provider's actions that this server supports, as role definitions name
 * them.
 */
export function listsOfOperations(cards: readonly ControlOperation[]): readonly ControlOperation[] {
  const actions = [...cards.map(({ action }) => action), ...actionsOfKinds()];
  return Object.entries(linked).map(([provider, others]) => {
    const own = actions.filter((action) => action.startsWith(`${provider}/`));
    const value = [...new Set([...own, ...others])].toSorted().map((name) => described(provider, name));
    return {
      method: 'GET',
      path: `/providers/${provider}/operations`,
      action: `${provider}/operations/read`,
      shows: 'own',
      run: async () => answer(200, { value }),
    };
  });
}

/** The actions on types that have the cards of any resource, and those to refer to one. */
function actionsOfKinds(): readonly string[] {
  return [...kinds.values()].flatMap(({ type, use }) => {
    const verbs = ['read', 'write', 'delete', ...(use === undefined ? [] : ['join/action'])];
    return verbs.map((verb) => `${type}/${verb}`);
  });
}

function described(provider: string, name: string) {
  const [, ...rest] = name.split('/');
  const operation = rest.at(-1) ?? '';
  const resource = rest.slice(0, -1).join('/');
  const description = `${operation} of ${resource === '' ? provider : resource}`;
  return { name, isDataAction: false, display: { provider, resource, operation, description } };
}
