import assert from 'node:assert/strict';
import { test } from 'node:test';
import { servicesOf, trustedService } from '../../src/firewall/trust.ts';
import { trustedServices } from '../../src/firewall/trusted-services.ts';
import type { Caller } from '../../src/types/caller.ts';
import type { Permission } from '../../src/types/operation.ts';
import { callerWith, managedIdentityOf, operationOf, serviceApplication } from './samples.ts';

/** The document's list: a caller of each service, what it is trusted for, and what it is not. */
const list: readonly (readonly [name: string, caller: Caller, trusted: readonly Permission[], not: Permission])[] = [
  [
    'Azure Virtual Machines deployment service',
    serviceApplication('60e6cd67-9c8c-4951-9b3c-23c25a2169af'),
    ['secrets/get'],
    'secrets/list',
  ],
  [
    'Azure Resource Manager template deployment service',
    serviceApplication('797f4846-ba00-4fd7-ba43-dac1f8f63013'),
    ['secrets/get'],
    'keys/get',
  ],
  [
    'Azure Application Gateway v2 SKU',
    managedIdentityOf('Microsoft.Network/applicationGateways'),
    ['secrets/get'],
    'certificates/get',
  ],
  [
    'Azure Disk Encryption volume encryption service',
    serviceApplication('60e6cd67-9c8c-4951-9b3c-23c25a2169af'),
    ['secrets/set', 'keys/get', 'keys/wrapKey', 'keys/unwrapKey'],
    'keys/create',
  ],
  [
    'Azure Backup',
    serviceApplication('262044b1-e2ce-469f-a196-69ab7ada62d3'),
    ['keys/get', 'keys/list', 'keys/backup', 'keys/restore', 'secrets/get', 'secrets/backup', 'secrets/restore'],
    'secrets/delete',
  ],
  [
    'Exchange Online & SharePoint Online',
    serviceApplication('00000002-0000-0ff1-ce00-000000000000'),
    ['keys/get', 'keys/wrapKey', 'keys/unwrapKey'],
    'keys/decrypt',
  ],
  [
    'Azure Information Protection',
    serviceApplication('00000012-0000-0000-c000-000000000000'),
    ['keys/get', 'keys/decrypt', 'keys/sign'],
    'keys/wrapKey',
  ],
  [
    'Azure App Service',
    serviceApplication('abfa0a7c-a6b6-4736-8310-5855508787cd'),
    ['secrets/get', 'certificates/get'],
    'secrets/list',
  ],
  [
    'Azure SQL Database',
    managedIdentityOf('Microsoft.Sql/servers'),
    ['keys/get', 'keys/wrapKey', 'keys/unwrapKey'],
    'secrets/get',
  ],
  [
    'Azure Storage',
    managedIdentityOf('Microsoft.Storage/storageAccounts'),
    ['keys/get', 'keys/wrapKey', 'keys/unwrapKey'],
    'keys/sign',
  ],
  [
    'Azure Data Lake Store',
    managedIdentityOf('Microsoft.DataLakeStore/accounts'),
    ['keys/get', 'keys/wrapKey', 'keys/unwrapKey'],
    'keys/delete',
  ],
  [
    'Azure Databricks',
    serviceApplication('2ff814a6-3304-4ab8-85cb-cd0e6f879c1d'),
    ['secrets/get', 'secrets/list'],
    'secrets/set',
  ],
  ['Azure API Management', managedIdentityOf('Microsoft.ApiManagement/service'), ['secrets/get'], 'secrets/list'],
  ['Azure Data Factory', managedIdentityOf('Microsoft.DataFactory/factories'), ['secrets/get'], 'secrets/list'],
  [
    'Azure Event Hubs',
    managedIdentityOf('Microsoft.EventHub/namespaces'),
    ['keys/get', 'keys/wrapKey', 'keys/unwrapKey'],
    'secrets/get',
  ],
  [
    'Azure Service Bus',
    managedIdentityOf('Microsoft.ServiceBus/namespaces'),
    ['keys/get', 'keys/wrapKey', 'keys/unwrapKey'],
    'secrets/get',
  ],
  [
    'Azure Import/Export',
    managedIdentityOf('Microsoft.ImportExport/jobs'),
    ['keys/get', 'keys/wrapKey', 'keys/unwrapKey'],
    'keys/purge',
  ],
  [
    'Azure Container Registry',
    managedIdentityOf('Microsoft.ContainerRegistry/registries'),
    ['keys/get', 'keys/wrapKey', 'keys/unwrapKey'],
    'keys/encrypt',
  ],
];

test("the table is the document's list of 18, in its order", () => {
  assert.deepEqual(
    trustedServices.map(({ name }) => name),
    list.map(([name]) => name),
  );
  assert.equal(list.length, 18);
});

for (const [name, caller, trusted, not] of list) {
  test(`${name} is trusted for ${trusted.join(', ')}, and not for ${not}`, () => {
    for (const permission of trusted) {
      assert.equal(trustedService(caller, operationOf(permission))?.name, name, permission);
    }
    assert.equal(trustedService(caller, operationOf(not)), undefined);
  });

  test(`${name} is not trusted if an external issuer says so`, () => {
    const external = { ...caller, issuerClass: 'external' } as const;
    for (const permission of trusted) assert.equal(trustedService(external, operationOf(permission)), undefined);
  });
}

test('the other callers of a service are recognised too', () => {
  const others: readonly (readonly [Caller, Permission, string])[] = [
    [
      serviceApplication('579D9C9D-4c83-4efc-8124-7eba65ed3356'),
      'secrets/set',
      'Azure Disk Encryption volume encryption service',
    ],
    [managedIdentityOf('Microsoft.RecoveryServices/vaults'), 'keys/wrapKey', 'Azure Backup'],
    [serviceApplication('00000003-0000-0ff1-ce00-000000000000'), 'keys/get', 'Exchange Online & SharePoint Online'],
    [serviceApplication('6a02c803-dafd-4136-b4c3-5a6f318b4714'), 'secrets/get', 'Azure App Service'],
    [serviceApplication('e9f49c6b-5ce5-44c8-925d-015017e9f7ad'), 'keys/get', 'Azure Data Lake Store'],
    [managedIdentityOf('MICROSOFT.STORAGE/STORAGEACCOUNTS'), 'keys/get', 'Azure Storage'],
  ];
  for (const [caller, permission, name] of others) {
    assert.equal(trustedService(caller, operationOf(permission))?.name, name);
  }
});

const armId = '797f4846-ba00-4fd7-ba43-dac1f8f63013';
const storage =
  '/subscriptions/0c9ab5e4-0f5e-4f0c-9c5c-2f4d6f1b7a10/resourceGroups/apps/providers/Microsoft.Storage/storageAccounts/one';

const strangers: readonly (readonly [what: string, caller: Caller])[] = [
  ['an ordinary caller', callerWith({})],
  ["a service's application id in our own tenant", callerWith({ applicationId: armId })],
  [
    "a service's application id in another tenant of the services' class",
    callerWith({ issuerClass: 'services', applicationId: armId }),
  ],
  ["an unknown application of the services' tenant", serviceApplication('bbbbbbbb-2222-3333-4444-555555555555')],
  [
    "a token of the services' tenant without application id",
    { ...serviceApplication(armId), applicationId: undefined },
  ],
  ["a managed identity in a token of the services' tenant", { ...serviceApplication(''), managedIdentity: storage }],
  ["a web app's own identity", managedIdentityOf('Microsoft.Web/sites')],
  ["a virtual machine's identity", managedIdentityOf('Microsoft.Compute/virtualMachines')],
  ['a user-assigned identity', managedIdentityOf('Microsoft.ManagedIdentity/userAssignedIdentities')],
  ['a child of a storage account', callerWith({ managedIdentity: `${storage}/blobServices/default` })],
  ['an extension of a storage account', callerWith({ managedIdentity: `${storage}/providers/Contoso.X/y/z` })],
  [
    'a resource whose group is named like a provider',
    callerWith({
      managedIdentity: storage
        .replace('/providers/Microsoft.Storage/storageAccounts/one', '')
        .concat('/providers/Contoso.X/Microsoft.Storage/storageAccounts'),
    }),
  ],
  ['a storage account without a name', callerWith({ managedIdentity: storage.replace('/one', '') })],
  ['characters before the id', callerWith({ managedIdentity: `x${storage}` })],
  ['a line break after the id', callerWith({ managedIdentity: `${storage}\n/x` })],
  ['an empty managed identity', callerWith({ managedIdentity: '' })],
];

for (const [what, caller] of strangers) {
  test(`${what} is not a trusted service`, () => {
    assert.deepEqual(servicesOf(caller), []);
    for (const permission of ['secrets/get', 'keys/get', 'keys/wrapKey'] as const) {
      assert.equal(trustedService(caller, operationOf(permission)), undefined);
    }
  });
}

test('the answer is the same when a caller is checked again', () => {
  const caller = managedIdentityOf('Microsoft.Storage/storageAccounts');
  const stranger = managedIdentityOf('Microsoft.Web/sites');
  for (let n = 0; n < 3; n++) {
    assert.equal(trustedService(caller, operationOf('keys/get'))?.name, 'Azure Storage');
    assert.equal(trustedService(caller, operationOf('secrets/get')), undefined);
    assert.equal(trustedService(stranger, operationOf('keys/get')), undefined);
  }
});
