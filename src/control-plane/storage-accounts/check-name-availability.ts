import { storageAccountNameKey } from '../../resources/keys.ts';
import { isStorageAccountName } from '../../resources/storage-accounts.ts';
import { accountNameInvalid, accountNameTaken } from '../errors/storage.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';

export const checkStorageAccountName: ControlOperation = {
  method: 'POST',
  path: '/subscriptions/:subscriptionId/providers/Microsoft.Storage/checkNameAvailability',
  action: 'Microsoft.Storage/checknameavailability/read',
  async run(call) {
    const asked = call.body['name'];
    const name = typeof asked === 'string' ? asked : '';
    if (!isStorageAccountName(name)) {
      return answer(200, { nameAvailable: false, reason: 'AccountNameInvalid', message: accountNameInvalid(name) });
    }
    const [record] = await call.store.read({ get: [storageAccountNameKey(name)] });
    if (record === undefined) return answer(200, { nameAvailable: true });
    return answer(200, { nameAvailable: false, reason: 'AlreadyExists', message: accountNameTaken(name) });
  },
};
