import type { OperationCard } from './operation.ts';
import { deleteSecret } from './secrets/delete-secret.ts';
import { getDeletedSecret } from './secrets/get-deleted-secret.ts';
import { getDeletedSecrets } from './secrets/get-deleted-secrets.ts';
import { getSecretVersions } from './secrets/get-secret-versions.ts';
import { getSecret } from './secrets/get-secret.ts';
import { getSecrets } from './secrets/get-secrets.ts';
import { purgeDeletedSecret } from './secrets/purge-deleted-secret.ts';
import { recoverDeletedSecret } from './secrets/recover-deleted-secret.ts';
import { setSecret } from './secrets/set-secret.ts';
import { updateSecret } from './secrets/update-secret.ts';

/** Every operation of the data plane. */
export const operations: readonly OperationCard[] = [
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
];
