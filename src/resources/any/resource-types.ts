/** Types that rules elsewhere speak of, as Azure spells them. */
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
