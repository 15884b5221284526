import type { OperationCard } from '../operation.ts';
import { backupSecret } from './backup-secret.ts';
import { deleteSecret } from './delete-secret.ts';
import { getDeletedSecret } from './get-deleted-secret.ts';
import { getDeletedSecrets } from './get-deleted-secrets.ts';
import { getSecretVersions } from './get-secret-versions.ts';
import { getSecret } from './get-secret.ts';
import { getSecrets } from './get-secrets.ts';
import { purgeDeletedSecret } from './purge-deleted-secret.ts';
import { recoverDeletedSecret } from './recover-deleted-secret.ts';
import { restoreSecret } from './restore-secret.ts';
import { setSecret } from './set-secret.ts';
import { updateSecret } from './update-secret.ts';

/** Every operation on secrets. */
export const secretOperations: readonly OperationCard[] = [
  setSecret,
  getSecret,
  updateSecret,
  deleteSecret,
  getSecrets,
  getSecretVersions,
  getDeletedSecrets,
  getDeletedSecret,
  recoverDeletedSecret,
  purgeDeletedSecret,
  backupSecret,
  restoreSecret,
];
