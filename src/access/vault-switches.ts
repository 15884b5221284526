import type { VaultProperties, VaultSwitch } from '../types/vault.ts';
import type { AccessVerdict } from '../types/verdict.ts';

/**
 * The verdict of the switches that hold for a caller's operation; `undefined` if none does. The documents ask for them
 * instead of an access policy or a role ("Use Azure Key Vault to pass secure parameter value", "Creating and configuring a
 * key vault for Azure Disk Encryption"): one that is on allows, and with all of them off the operation is denied.
 */
export function bySwitches(
  switches: readonly VaultSwitch[],
  properties: Pick<VaultProperties, VaultSwitch>,
): AccessVerdict | undefined {
  const [name] = switches;
  if (name === undefined) return undefined;
  const on = switches.find((each) => properties[each] === true);
  return { allowed: on !== undefined, because: 'vaultSwitch', name: on ?? name };
}
