import { storageAccountNameKey } from '../../resources/keys.ts';
import { isStorageAccountName } from '../../resources/storage-accounts.ts';
import { accountNameInvalid, accountNameTaken } from '../errors/storage.ts';
import { checkOfNames } from '../name-availability.ts';

export const checkStorageAccountName = checkOfNames({
  path: '/subscriptions/:subscriptionId/providers/Microsoft.Storage/checkNameAvailability',
  action: 'Microsoft.Storage/checknameavailability/read',
  isName: isStorageAccountName,
  keyOf: storageAccountNameKey,
  invalid: accountNameInvalid,
  taken: accountNameTaken,
});
