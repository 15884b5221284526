import { isRegion } from '../regions.ts';

/**
 * The service tags that rules of network security groups may use, which Azure also has for one region
 * (virtual-network "service tags", column "Can be regional?").
 */
const regional: ReadonlySet<string> = lowered([
  'ApiManagement',
  'AppService',
  'AzureCloud',
  'AzureContainerRegistry',
  'AzureCosmosDB',
  'AzureDevOps',
  'AzureFrontDoor.Backend',
  'AzureFrontDoor.FirstParty',
  'AzureFrontDoor.Frontend',
  'AzureKeyVault',
  'BatchNodeManagement',
  'DataFactory',
  'EventHub',
  'ServiceBus',
  'Sql',
  'Storage',
]);

/** Those that it has for all regions together only. */
const global: ReadonlySet<string> = lowered([
  'ActionGroup',
  'AppConfiguration',
  'AppServiceManagement',
  'AzureActiveDirectory',
  'AzureBackup',
  'AzureBotService',
  'AzureDataLake',
  'AzureEventGrid',
  'AzureLoadBalancer',
  'AzureMonitor',
  'AzurePlatformDNS',
  'AzurePlatformIMDS',
  'AzurePlatformLKM',
  'AzureResourceManager',
  'AzureSiteRecovery',
  'GatewayManager',
  'Internet',
  'LogicApps',
  'MicrosoftCloudAppSecurity',
  'ServiceFabric',
  'VirtualNetwork',
]);

function lowered(tags: readonly string[]): ReadonlySet<string> {
  return new Set(tags.map((tag) => tag.toLowerCase()));
}

/** Whether a string is a service tag, or the form of one for a region where there is one, such as `AzureKeyVault.WestEurope`. */
export function isServiceTag(value: string): boolean {
  const name = value.toLowerCase();
  if (regional.has(name) || global.has(name)) return true;
  const at = name.lastIndexOf('.');
  return at > 0 && regional.has(name.slice(0, at)) && isRegion(name.slice(at + 1));
}
