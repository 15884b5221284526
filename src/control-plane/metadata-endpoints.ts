import { unservedSuffix } from '../http/host.ts';
import type { NameSet } from '../http/host.ts';

/**
 * `GET /metadata/endpoints`: where everything of this cloud is, for whoever asks, without a token. It has three forms:
 * that of Azure Stack until 2018, a list of clouds until 2021, and one cloud since.
 */
export function metadataEndpoints(names: NameSet, apiVersion: string): unknown {
  if (apiVersion < '2018') return azureStackForm(names);
  const cloud = cloudOf(names);
  return apiVersion < '2022' ? [cloud] : cloud;
}

/**
 * What az, PowerShell and Terraform read. What has no counterpart here, and is needed by none of them, is not named, so
 * that nobody is sent elsewhere.
 */
function cloudOf(names: NameSet) {
  const { authority, resourceManager, vaultSuffix } = names;
  return {
    name: 'Postern',
    portal: `${resourceManager}/portal/`,
    authentication: {
      loginEndpoint: authority,
      audiences: [resourceManager, 'https://management.core.windows.net/', 'https://management.azure.com/'],
      tenant: 'common',
      identityProvider: 'AAD',
    },
    resourceManager,
    // Graph has the same origin, and az learns it from here only.
    graph: resourceManager,
    graphAudience: resourceManager,
    microsoftGraphResourceId: resourceManager,
    suffixes: {
      keyVaultDns: vaultSuffix.slice(1),
      // Terraform's provider configures itself only where there is one; nothing is served below these three.
      storage: unservedSuffix(names, 'storage'),
      acrLoginServer: unservedSuffix(names, 'registry'),
      sqlServerHostname: unservedSuffix(names, 'database'),
    },
  };
}

/** `Add-AzEnvironment -ARMEndpoint`. */
function azureStackForm({ authority, resourceManager, vaultSuffix }: NameSet) {
  return {
    galleryEndpoint: resourceManager,
    graphEndpoint: resourceManager,
    graphAudience: resourceManager,
    portalEndpoint: `${resourceManager}/portal/`,
    keyVaultDns: vaultSuffix.slice(1),
    keyVaultAudience: `https://${vaultSuffix.slice(1)}`,
    authentication: { loginEndpoint: authority, audiences: [resourceManager] },
  };
}
