import { vaultKey } from '../../resources/keys.ts';
import { isVaultName } from '../../resources/vaults.ts';
import { nameInUse } from '../errors.ts';
import { checkOfNames } from '../name-availability.ts';

export const checkNameAvailability = checkOfNames({
  path: '/subscriptions/:subscriptionId/providers/Microsoft.KeyVault/checkNameAvailability',
  action: 'Microsoft.KeyVault/checkNameAvailability/read',
  isName: isVaultName,
  keyOf: vaultKey,
  invalid: (name) => `The vault name '${name}' is invalid.`,
  taken: nameInUse,
});
