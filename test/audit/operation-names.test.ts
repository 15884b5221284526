import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operations as controlOperations } from '../../src/control-plane/operations.ts';
import { operations as dataOperations } from '../../src/data-plane/operations.ts';

/** Azure's names of the operations on a vault's contents (logging.md, "Interpret your Key Vault logs"). */
const azure: Readonly<Record<string, readonly string[]>> = {
  Key: words(
    'Create Get Import Delete Sign Verify Wrap Unwrap Encrypt Decrypt Update List ListVersions Purge Backup Restore Recover',
    'GetDeleted ListDeleted NearExpiryEventGridNotification ExpiredEventGridNotification Rotate RotateIfDue',
    'RotationPolicyGet RotationPolicySet',
  ),
  Secret: words(
    'Set Get Update Delete List ListVersions Purge Backup Restore Recover GetDeleted ListDeleted',
    'NearExpiryEventGridNotification ExpiredEventGridNotification',
  ),
  Certificate: words(
    'Get Create Import Update List ListVersions Delete Purge Backup Restore Recover GetDeleted ListDeleted',
    'PolicyGet PolicyUpdate PolicySet ContactsGet ContactsSet ContactsDelete IssuerGet IssuerSet IssuerUpdate IssuerDelete',
    'IssuersList Enroll Renew PendingGet PendingMerge PendingUpdate PendingDelete NearExpiryEventGridNotification',
    'ExpiredEventGridNotification',
  ),
  // The last four are from older versions of the page.
  Vault: words(
    'Get Put Delete Patch Recover AccessPolicyChangedEventGridNotification List Purge GetDeleted ListDeleted',
  ),
};

/** Names that nothing here has: there is no Event Grid, and a policy is set by creating or updating a certificate. */
const absent = words(
  'KeyNearExpiryEventGridNotification KeyExpiredEventGridNotification SecretNearExpiryEventGridNotification',
  'SecretExpiredEventGridNotification CertificateExpiredEventGridNotification CertificatePolicySet',
  'VaultAccessPolicyChangedEventGridNotification',
);

/** Names of private link, as seen in records: those beside the list, and those that are formed in the same way. */
const privateLink = words(
  'GetPrivateLinkResources PutPrivateEndpointConnectionProxy DeletePrivateEndpointConnectionProxy',
  'GetPrivateEndpointConnections GetPrivateEndpointConnection PutPrivateEndpointConnection DeletePrivateEndpointConnection',
);

/** Operations that Azure's list has no name for. */
const others = {
  control: words(
    'VaultExplain VaultWhatIf VaultActivity VaultCallers VaultRuleStates DiagnosticSettingPut DiagnosticSettingGet DiagnosticSettingDelete DiagnosticSettingList',
    'DiagnosticSettingsCategoryGet DiagnosticSettingsCategoryList',
  ),
  data: words('KeyRelease KeyGetAttestation GetRandomBytes'),
};

/** Names that a card of the control plane is recorded under instead of its own, depending on the request. */
const recordedAs = words('VaultRecover PutPrivateEndpointConnectionProxy DeletePrivateEndpointConnectionProxy');

/** Operations that the service does by itself, not for a caller. */
const unasked = words('KeyRotateIfDue CertificateEnroll CertificateRenew CertificateNearExpiryEventGridNotification');

function words(...lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => line.split(' '));
}

function namesOf(...nouns: readonly string[]): readonly string[] {
  return nouns
    .flatMap((noun) => (azure[noun] ?? []).map((verb) => `${noun}${verb}`))
    .filter((name) => !absent.includes(name));
}

test("every operation of the data plane has Azure's name, and every one of Azure's names has its operation", () => {
  const names = dataOperations.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length, 'no two operations have the same name');
  const expected = [
    ...namesOf('Key', 'Secret', 'Certificate').filter((name) => !unasked.includes(name)),
    ...others.data,
  ];
  assert.deepEqual(names.toSorted(), expected.toSorted());
});

test("every operation of the control plane on a vault has Azure's name", () => {
  const named = controlOperations.map(({ audit }) => audit).filter((audit) => audit !== undefined);
  // Operations on a vault's keys and secrets are named as in the data plane, where they are listed.
  const ofObjects = new Set(namesOf('Key', 'Secret'));
  const names = new Set([...named.filter((name) => !ofObjects.has(name)), ...recordedAs]);
  const expected = [...namesOf('Vault'), ...privateLink, ...others.control];
  assert.deepEqual([...names].toSorted(), expected.toSorted());
});

test('an operation of the control plane without a name is not about a vault', () => {
  const onVaults = controlOperations
    .filter(({ path, audit }) => audit === undefined && /microsoft\.keyvault/i.test(path))
    .map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(onVaults.toSorted(), [
    'GET /providers/Microsoft.KeyVault/operations',
    'GET /subscriptions/:subscriptionId/providers/Microsoft.KeyVault/deletedManagedHSMs',
    'GET /subscriptions/:subscriptionId/providers/Microsoft.KeyVault/locations/:location/operationResults/:operationId',
    'GET /subscriptions/:subscriptionId/providers/Microsoft.KeyVault/locations/:location/operations/:operationId',
    'GET /subscriptions/:subscriptionId/providers/Microsoft.KeyVault/managedHSMs',
    'GET /subscriptions/:subscriptionId/resourceGroups/:resourceGroup/providers/Microsoft.KeyVault/managedHSMs',
    'POST /subscriptions/:subscriptionId/providers/Microsoft.KeyVault/checkNameAvailability',
  ]);
});
