import type { OperationCard } from '../operation.ts';
import { backupKey } from './backup-key.ts';
import { createKey } from './create-key.ts';
import { decrypt } from './decrypt.ts';
import { deleteKey } from './delete-key.ts';
import { encrypt } from './encrypt.ts';
import { getDeletedKey } from './get-deleted-key.ts';
import { getDeletedKeys } from './get-deleted-keys.ts';
import { getKeyAttestation } from './get-key-attestation.ts';
import { getKeyRotationPolicy } from './get-key-rotation-policy.ts';
import { getKeyVersions } from './get-key-versions.ts';
import { getKey } from './get-key.ts';
import { getKeys } from './get-keys.ts';
import { getRandomBytes } from './get-random-bytes.ts';
import { importKey } from './import-key.ts';
import { purgeDeletedKey } from './purge-deleted-key.ts';
import { recoverDeletedKey } from './recover-deleted-key.ts';
import { release } from './release.ts';
import { restoreKey } from './restore-key.ts';
import { rotateKey } from './rotate-key.ts';
import { sign } from './sign.ts';
import { unwrapKey } from './unwrap-key.ts';
import { updateKeyRotationPolicy } from './update-key-rotation-policy.ts';
import { updateKey } from './update-key.ts';
import { verify } from './verify.ts';
import { wrapKey } from './wrap-key.ts';

/** Every operation on keys. */
export const keyOperations: readonly OperationCard[] = [
  createKey,
  importKey,
  getKey,
  updateKey,
  deleteKey,
  getKeys,
  getKeyVersions,
  getDeletedKeys,
  getDeletedKey,
  recoverDeletedKey,
  purgeDeletedKey,
  backupKey,
  restoreKey,
  encrypt,
  decrypt,
  sign,
  verify,
  wrapKey,
  unwrapKey,
  rotateKey,
  getKeyRotationPolicy,
  updateKeyRotationPolicy,
  release,
  getKeyAttestation,
  getRandomBytes,
];
