/** Types with rules elsewhere, in Azure's spelling. */
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
