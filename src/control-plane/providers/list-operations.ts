import { kinds } from '../../resources/kinds.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';

/** By provider, the actions that only an operation on another resource asks for. */
const linked: Readonly<Record<string, readonly string[]>> = {
  'Microsoft.KeyVault': [
    'Microsoft.KeyVault/vaults/PrivateEndpointConnectionsApproval/action',
    'Microsoft.KeyVault/vaults/deploy/action',
  ],
  'Microsoft.Network': [
    'Microsoft.Network/virtualNetworks/peer/action',
    'Microsoft.Network/virtualNetworks/subnets/join/action',
    'Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action',
  ],
};

/** GET /providers/{provider}/operations: the provider's actions that this server has, as role definitions name them. */
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

/** Of the types that share the cards of any resource, and of what can be referred to. */
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
