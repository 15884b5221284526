import { createHash } from 'node:crypto';
import { accept } from '../shape/fault.ts';
import { anything, each, ignored, object, optional } from '../shape/shape.ts';
import type { Shape } from '../shape/shape.ts';
import { readRecords, recordPut } from '../store/records.ts';
import type { Store, Transaction } from '../store/store.ts';
import type { ResourceRecord } from '../types/resource.ts';
import { resourceId, storageAccountNameKey } from './keys.ts';
import { membersOf, refuseResource } from './refusal.ts';
import type { ResourceOutcome } from './refusal.ts';

const properties = object(
  {
    customDomain: optional(anything),
    // Set by the service; a client's values are ignored.
    ...each(
      [
        'provisioningState',
        'creationTime',
        'keyCreationTime',
        'primaryEndpoints',
        'secondaryEndpoints',
        'primaryLocation',
        'secondaryLocation',
        'statusOfPrimary',
        'statusOfSecondary',
        'privateEndpointConnections',
      ],
      ignored,
    ),
  },
  { keepOthers: true },
);

/** The defaults of an account (recorded: azure-cli `test_create_storage_account_v2`). */
const defaults = {
  supportsHttpsTrafficOnly: true,
  accessTier: 'Hot',
  networkAcls: { bypass: 'AzureServices', virtualNetworkRules: [], ipRules: [], defaultAction: 'Allow' },
};

/** Whether it is a valid storage account name: 3 to 24 lower-case letters and digits (Azure's naming rules). */
export function isStorageAccountName(name: string): boolean {
  return /^[a-z0-9]{3,24}$/.test(name);
}

/** The `properties` of a storage account. A custom domain without a name, which Terraform sends, is dropped. */
export const storageAccount: Shape<ResourceRecord['properties']> = (value) => {
  const read = properties(value ?? {});
  if (!read.ok) return read;
  const { customDomain, ...others } = read.value;
  const domainName = membersOf(customDomain)['name'] ?? '';
  return accept({ ...defaults, ...others, ...(domainName !== '' && { customDomain }) });
};

/**
 * Reserves the globally unique name of a new account. The account keeps it as long as it exists.
 */
export async function reserveAccountName(account: ResourceRecord, store: Store): Promise<ResourceOutcome<Transaction>> {
  const [name = ''] = account.names;
  if (!isStorageAccountName(name)) return refuseResource({ kind: 'storageAccountNameNotValid', name });
  const key = storageAccountNameKey(name);
  const [record] = await readRecords(store, { get: [key] });
  if (record !== undefined) return refuseResource({ kind: 'storageAccountAlreadyTaken', name });
  const put = [recordPut(key, { resource: resourceId(account) })];
  return { ok: true, value: { require: [{ key, version: null }], put } };
}

/** Releases the name of a deleted account. */
export async function releaseAccountName(account: ResourceRecord, store: Store): Promise<Transaction> {
  const key = storageAccountNameKey(account.names[0] ?? '');
  const [record] = await readRecords(store, { get: [key] });
  if (record === undefined || record.value.resource !== resourceId(account)) return {};
  return { require: [{ key, version: record.version }], delete: [key] };
}

/**
 * A key in the form of Azure's: 64 bytes in base64. There is no storage service that it could open, so it need not be
 * secret: it is derived from the account's guid, and therefore always the same.
 */
export function placeholderKey(guid: string, name: string): string {
  return createHash('sha512').update(`${guid}/${name}`).digest('base64');
}
