/**
 * Applications of Microsoft's own tenant that call vaults, by their ids, with the names that Entra directories have for
 * them. A service principal can be made for each without an application in the tenant ("az ad sp create --id").
 */
export const firstPartyApplications: ReadonlyMap<string, string> = new Map([
  ['00000002-0000-0ff1-ce00-000000000000', 'Office 365 Exchange Online'],
  ['00000003-0000-0ff1-ce00-000000000000', 'Office 365 SharePoint Online'],
  ['00000012-0000-0000-c000-000000000000', 'Microsoft Rights Management Services'],
  ['205478c0-bd83-4e1b-a9d6-db63a3e1e1c8', 'Microsoft.AzureFrontDoor-Cdn'],
  ['262044b1-e2ce-469f-a196-69ab7ada62d3', 'Backup Management Service'],
  ['2ff814a6-3304-4ab8-85cb-cd0e6f879c1d', 'AzureDatabricks'],
  ['579d9c9d-4c83-4efc-8124-7eba65ed3356', 'Azure Compute'],
  ['60e6cd67-9c8c-4951-9b3c-23c25a2169af', 'Compute Resource Provider'],
  ['6a02c803-dafd-4136-b4c3-5a6f318b4714', 'Microsoft Azure App Service (US Government)'],
  ['797f4846-ba00-4fd7-ba43-dac1f8f63013', 'Windows Azure Service Management API'],
  ['abfa0a7c-a6b6-4736-8310-5855508787cd', 'Microsoft Azure App Service'],
  ['c066d759-24ae-40e7-a56f-027002b5d3e4', 'M365DataAtRestEncryption'],
  ['ddbf3205-c6bd-46ae-8127-60eb93363864', 'Microsoft Azure Batch'],
  ['e9f49c6b-5ce5-44c8-925d-015017e9f7ad', 'Azure Data Lake'],
  ['ff281ffe-705c-4f53-9f37-a40e6f2c68f3', 'Backup Management Service (US Government)'],
]);
