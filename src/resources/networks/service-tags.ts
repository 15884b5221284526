import { isRegion } from '../regions.ts';

/** The service tags that rules of network security groups may use (virtual-network "service tags"). */
const tags: ReadonlySet<string> = new Set(
  [
    'ActionGroup',
    'ApiManagement',
    'AppConfiguration',
    'AppService',
    'AppServiceManagement',
    'AzureActiveDirectory',
    'AzureBackup',
    'AzureBotService',
    'AzureCloud',
    'AzureContainerRegistry',
    'AzureCosmosDB',
    'AzureDataLake',
    'AzureDevOps',
    'AzureEventGrid',
    'AzureFrontDoor.Backend',
    'AzureFrontDoor.FirstParty',
    'AzureFrontDoor.Frontend',
    'AzureKeyVault',
    'AzureLoadBalancer',
    'AzureMonitor',
    'AzurePlatformDNS',
    'AzurePlatformIMDS',
    'AzurePlatformLKM',
    'AzureResourceManager',
    'AzureSiteRecovery',
    'BatchNodeManagement',
    'DataFactory',
    'EventHub',
    'GatewayManager',
    'Internet',
    'LogicApps',
    'MicrosoftCloudAppSecurity',
    'ServiceBus',
    'ServiceFabric',
    'Sql',
    'Storage',
    'VirtualNetwork',
  ].map((tag) => tag.toLowerCase()),
);

/** Whether a string is a service tag, or the regional form of one, such as `AzureKeyVault.WestEurope`. */
export function isServiceTag(value: string): boolean {
  const name = value.toLowerCase();
  if (tags.has(name)) return true;
  const at = name.lastIndexOf('.');
  return at > 0 && tags.has(name.slice(0, at)) && isRegion(name.slice(at + 1));
}
