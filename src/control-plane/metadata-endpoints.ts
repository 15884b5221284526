import type { NameSet } from '../http/host.ts';

/**
 * `GET /metadata/endpoints`: the endpoints of this cloud, without a token. It has three forms: that of Azure Stack for
 * api-versions before 2018, a list of clouds before 2022, and one cloud since.
 */
export function metadataEndpoints(names: NameSet, apiVersion: string): unknown {
  if (apiVersion < '2018') return azureStackForm(names);
  const cloud = cloudOf(names);
  return apiVersion < '2022' ? [cloud] : cloud;
}

/**
 * The members that az, PowerShell and Terraform read. A service that does not exist here is left out if they do not
 * need it, so that no client is sent to Azure.
 */
function cloudOf({ authority, resourceManager, graph, vaultSuffix, cloud }: NameSet) {
  return {
    name: cloud.name,
    portal: cloud.portal,
    authentication: {
      loginEndpoint: authority,
      audiences: [resourceManager, 'https://management.core.windows.net/', 'https://management.azure.com/'],
      tenant: 'common',
      identityProvider: 'AAD',
    },
    resourceManager,
    // az finds Graph only here.
    graph,
    graphAudience: graph,
    microsoftGraphResourceId: graph,
    suffixes: {
      keyVaultDns: vaultSuffix.slice(1),
      // Terraform's provider does not start without these three; nothing is served below them.
      storage: cloud.storage,
      acrLoginServer: cloud.registry,
      sqlServerHostname: cloud.database,
    },
  };
}

/** The form that `Add-AzEnvironment -ARMEndpoint` reads. */
function azureStackForm({ authority, resourceManager, graph, vaultSuffix, cloud }: NameSet) {
  return {
    galleryEndpoint: resourceManager,
    graphEndpoint: graph,
    graphAudience: graph,
    portalEndpoint: cloud.portal,
    keyVaultDns: vaultSuffix.slice(1),
    keyVaultAudience: `https://${vaultSuffix.slice(1)}`,
    authentication: { loginEndpoint: authority, audiences: [resourceManager] },
  };
}
