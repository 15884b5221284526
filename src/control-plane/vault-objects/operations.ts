import type { ControlOperation } from '../operation.ts';
import { createKeyIfNotExist } from './create-key.ts';
import { getKeyVersion } from './get-key-version.ts';
import { getKey } from './get-key.ts';
import { getSecret } from './get-secret.ts';
import { listKeyVersions } from './list-key-versions.ts';
import { listKeys } from './list-keys.ts';
import { listSecrets } from './list-secrets.ts';
import { updateSecret } from './patch-secret.ts';
import { createOrUpdateSecret } from './put-secret.ts';

/** The secrets and keys of vaults as resources: control plane, which the vault's firewall does not concern. */
export const vaultObjectOperations: readonly ControlOperation[] = [
  createOrUpdateSecret,
  updateSecret,
  getSecret,
  listSecrets,
  createKeyIfNotExist,
  getKey,
  listKeys,
  listKeyVersions,
  getKeyVersion,
];
