import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentedTrust, switchesFor, trustFor } from '../../src/firewall/trust.ts';
import { documentedServices } from '../../src/firewall/trusted-services.ts';
import type { Caller } from '../../src/types/caller.ts';
import type { Permission } from '../../src/types/operation.ts';
import { callerWith, identityUsedBy, managedIdentityOf, operationOf, serviceApplication } from './samples.ts';

const nameOf = (caller: Caller, permission: Permission, trust = documentedTrust) =>
  trust.of(caller, operationOf(permission))?.service.name;

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
    identityUsedBy('Microsoft.Network/applicationGateways'),
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
  [
    'Azure API Management',
    managedIdentityOf('Microsoft.ApiManagement/service'),
    ['secrets/get', 'secrets/list'],
    'certificates/list',
  ],
  [
    'Azure Data Factory',
    managedIdentityOf('Microsoft.DataFactory/factories'),
    ['secrets/get', 'secrets/list'],
    'secrets/set',
  ],
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
    documentedServices.map(({ name }) => name),
    list.map(([name]) => name),
  );
  assert.equal(list.length, 18);
});

for (const [name, caller, trusted, not] of list) {
  test(`${name} is trusted for ${trusted.join(', ')}, and not for ${not}`, () => {
    for (const permission of trusted) {
      assert.equal(nameOf(caller, permission), name, permission);
    }
    assert.equal(nameOf(caller, not), undefined);
  });

  test(`${name} is not trusted if an external issuer says so`, () => {
    const external = { ...caller, issuerClass: 'external' } as const;
    for (const permission of trusted) assert.equal(nameOf(external, permission), undefined);
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
    [serviceApplication('ff281ffe-705c-4f53-9f37-a40e6f2c68f3'), 'secrets/backup', 'Azure Backup'],
    [managedIdentityOf('Microsoft.Sql/managedInstances'), 'keys/unwrapKey', 'Azure SQL Database'],
    [managedIdentityOf('Microsoft.EventHub/namespaces'), 'keys/list', 'Azure Event Hubs'],
    [managedIdentityOf('Microsoft.DataLakeStore/accounts'), 'keys/decrypt', 'Azure Data Lake Store'],
    [identityUsedBy('Microsoft.Storage/storageAccounts'), 'keys/get', 'Azure Storage'],
    [identityUsedBy('Microsoft.ContainerRegistry/registries'), 'keys/unwrapKey', 'Azure Container Registry'],
    [serviceApplication('6a02c803-dafd-4136-b4c3-5a6f318b4714'), 'secrets/get', 'Azure App Service'],
    [serviceApplication('e9f49c6b-5ce5-44c8-925d-015017e9f7ad'), 'keys/get', 'Azure Data Lake Store'],
    [managedIdentityOf('MICROSOFT.STORAGE/STORAGEACCOUNTS'), 'keys/get', 'Azure Storage'],
  ];
  for (const [caller, permission, name] of others) {
    assert.equal(nameOf(caller, permission), name);
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
  [
    'a user-assigned identity that no resource uses',
    managedIdentityOf('Microsoft.ManagedIdentity/userAssignedIdentities'),
  ],
  ['a user-assigned identity that a virtual machine uses', identityUsedBy('Microsoft.Compute/virtualMachines')],
  [
    'a user-assigned identity that a child of a storage account uses',
    { ...identityUsedBy('Microsoft.Storage/storageAccounts'), usedBy: `${storage}/blobServices/default` },
  ],
  ["an application gateway's system-assigned identity", managedIdentityOf('Microsoft.Network/applicationGateways')],
  ['a user-assigned identity of API Management', identityUsedBy('Microsoft.ApiManagement/service')],
  ['a user-assigned identity of an import job', identityUsedBy('Microsoft.ImportExport/jobs')],
  [
    "a virtual machine's identity that says a storage account uses it",
    { ...managedIdentityOf('Microsoft.Compute/virtualMachines'), usedBy: storage },
  ],
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
    assert.deepEqual(documentedTrust.servicesOf(caller), []);
    for (const permission of ['secrets/get', 'keys/get', 'keys/wrapKey'] as const) {
      assert.equal(nameOf(caller, permission), undefined);
    }
  });
}

test('the answer is the same when a caller is checked again', () => {
  const caller = managedIdentityOf('Microsoft.Storage/storageAccounts');
  const stranger = managedIdentityOf('Microsoft.Web/sites');
  for (let n = 0; n < 3; n++) {
    assert.equal(nameOf(caller, 'keys/get'), 'Azure Storage');
    assert.equal(nameOf(caller, 'secrets/get'), undefined);
    assert.equal(nameOf(stranger, 'keys/get'), undefined);
  }
});

test('trust that reaches to whole services says that the operation is outside of the scenario', () => {
  const whole = trustFor('documented', 'service');
  const storageAccount = managedIdentityOf('Microsoft.Storage/storageAccounts');
  assert.deepEqual(
    (['keys/get', 'keys/delete'] as const).map((permission) => {
      const trusted = whole.of(storageAccount, operationOf(permission));
      return [trusted?.service.name, trusted?.inScenario];
    }),
    [
      ['Azure Storage', true],
      ['Azure Storage', false],
    ],
  );
  assert.equal(nameOf(managedIdentityOf('Microsoft.Web/sites'), 'keys/get', whole), undefined);
});

test("Azure's later services are trusted by the list of 2026 only", () => {
  const current = trustFor('current', 'scenario');
  const diskSet = managedIdentityOf('Microsoft.Compute/diskEncryptionSets');
  assert.equal(nameOf(diskSet, 'keys/wrapKey'), undefined);
  assert.equal(nameOf(diskSet, 'keys/wrapKey', current), 'Azure Disk Storage');
  assert.equal(nameOf(diskSet, 'keys/sign', current), undefined);
  assert.equal(nameOf(managedIdentityOf('Microsoft.Storage/storageAccounts'), 'keys/get', current), 'Azure Storage');
});

test("a vault's switches hold for services of Azure, each for its own operations", () => {
  const azureCompute = serviceApplication('60e6cd67-9c8c-4951-9b3c-23c25a2169af');
  const deploying = serviceApplication(armId);
  assert.deepEqual(switchesFor(azureCompute, 'secrets/get'), ['enabledForDeployment', 'enabledForDiskEncryption']);
  assert.deepEqual(switchesFor(azureCompute, 'keys/wrapKey'), ['enabledForDiskEncryption']);
  assert.deepEqual(switchesFor(azureCompute, 'keys/sign'), []);
  assert.deepEqual(switchesFor(deploying, 'secrets/get'), ['enabledForTemplateDeployment']);
  assert.deepEqual(switchesFor(serviceApplication('262044b1-e2ce-469f-a196-69ab7ada62d3'), 'secrets/get'), []);
  assert.deepEqual(switchesFor({ ...deploying, issuerClass: 'own' }, 'secrets/get'), []);
});
