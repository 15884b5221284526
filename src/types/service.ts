/** The services of Azure that Postern has. Under its own names one host has all of them but the vaults. */
export type Service = 'vaults' | HomeService;

export type HomeService = 'authority' | 'resourceManager' | 'graph';

/** The hosts of these services in Azure's public cloud. Workloads of the fabric reach Postern by these names. */
export const azureHosts = {
  vaultSuffix: '.vault.azure.net',
  // The four are one authority, and the first is the one to ask (the answer of instance discovery).
  authority: ['login.microsoftonline.com', 'login.windows.net', 'login.microsoft.com', 'sts.windows.net'],
  resourceManager: ['management.azure.com'],
  graph: ['graph.microsoft.com'],
} as const;
