/** Types with records of the general kind whose rules are known here, as Azure spells them. */
export const knownTypes = {
  federatedCredential: 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials',
  natGateway: 'Microsoft.Network/natGateways',
  networkSecurityGroup: 'Microsoft.Network/networkSecurityGroups',
  privateEndpoint: 'Microsoft.Network/privateEndpoints',
  publicAddress: 'Microsoft.Network/publicIPAddresses',
  routeTable: 'Microsoft.Network/routeTables',
  serviceEndpointPolicy: 'Microsoft.Network/serviceEndpointPolicies',
  storageAccount: 'Microsoft.Storage/storageAccounts',
  userAssignedIdentity: 'Microsoft.ManagedIdentity/userAssignedIdentities',
} as const;

const known: ReadonlySet<string> = new Set(Object.values(knownTypes).map((type) => type.toLowerCase()));

/**
 * Namespaces that have only what is built here. A load balancer that was merely stored would look as if it carried
 * traffic; a storage account that is merely stored has an identity, which is what it is there for.
 */
const closed: ReadonlySet<string> = new Set([
  'microsoft.authorization',
  'microsoft.keyvault',
  'microsoft.network',
  'microsoft.resources',
]);

/** Whether resources of the type can be made, beside those that have operations of their own. */
export function isServed(type: string): boolean {
  const [namespace = '', ...types] = type.toLowerCase().split('/');
  if (known.has(type.toLowerCase())) return true;
  // Only a user-assigned identity has them: merely stored, one of a web app would look as if its workload could sign in.
  if (types.at(-1) === 'federatedidentitycredentials') return false;
  return types.length > 0 && /^[a-z0-9.]+$/.test(namespace) && !closed.has(namespace);
}
