import type { ControlCall, ControlOperation, ControlOutcome } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { groupPath } from '../resource-groups/resource.ts';
import { namespaces } from './namespaces.ts';
import { providerOf, providerResource } from './resource.ts';

const path = '/subscriptions/:subscriptionId/providers';
const action = 'Microsoft.Resources/subscriptions/providers/read';

async function get(call: ControlCall): Promise<ControlOutcome> {
  const namespace = call.params['namespace'] ?? '';
  const provider = providerOf(namespace);
  if (provider === undefined) return refuse({ kind: 'providerUnknown', namespace });
  return answer(200, providerResource(call.subscription.subscriptionId, provider));
}

async function list({ subscription }: ControlCall): Promise<ControlOutcome> {
  const value = [...namespaces.values()].map((provider) => providerResource(subscription.subscriptionId, provider));
  return answer(200, { value });
}

const nothing = async (): Promise<ControlOutcome> => answer(200, { value: [] });

/** There are no managed HSMs; az asks for them with every list of vaults. */
const hsms = [`${path}/Microsoft.KeyVault`, `${groupPath}/providers/Microsoft.KeyVault`].map(
  (at): ControlOperation => ({
    method: 'GET',
    path: `${at}/managedHSMs`,
    action: 'Microsoft.KeyVault/managedHSMs/read',
    shows: 'own',
    run: nothing,
  }),
);

/** Metadata of providers, which everybody of the tenant may read. */
export const providerOperations: readonly ControlOperation[] = [
  { method: 'GET', path, action, shows: 'own', run: list },
  { method: 'GET', path: `${path}/:namespace`, action, shows: 'own', run: get },
  {
    method: 'POST',
    path: `${path}/:namespace/register`,
    action: 'Microsoft.Resources/subscriptions/providers/register/action',
    run: get,
  },
  ...hsms,
  {
    method: 'GET',
    path: `${path}/Microsoft.KeyVault/deletedManagedHSMs`,
    action: 'Microsoft.KeyVault/deletedManagedHSMs/read',
    shows: 'own',
    run: nothing,
  },
];
