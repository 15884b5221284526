import { vaultKey } from '../../resources/keys.ts';
import { isVaultName } from '../../resources/vaults.ts';
import { nameInUse } from '../errors.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';

export const checkNameAvailability: ControlOperation = {
  method: 'POST',
  path: '/subscriptions/:subscriptionId/providers/Microsoft.KeyVault/checkNameAvailability',
  action: 'Microsoft.KeyVault/checkNameAvailability/read',
  async run(call) {
    const asked = call.body['name'];
    const name = typeof asked === 'string' ? asked : '';
    if (!isVaultName(name)) {
      const message = `The vault name '${name}' is invalid.`;
      return answer(200, { nameAvailable: false, reason: 'AccountNameInvalid', message });
    }
    const [record] = await call.store.read({ get: [vaultKey(name)] });
    if (record === undefined) return answer(200, { nameAvailable: true });
    return answer(200, { nameAvailable: false, reason: 'AlreadyExists', message: nameInUse(name) });
  },
};
