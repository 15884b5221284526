import type { ControlOperation } from '../operation.ts';
import { checkStorageAccountName } from './check-name-availability.ts';
import { listKeys } from './list-keys.ts';
import { serviceOperations } from './services.ts';

/** What clients ask for with a storage account and a workspace, beside the operations on any resource. */
export const storageOperations: readonly ControlOperation[] = [
  checkStorageAccountName,
  ...listKeys,
  ...serviceOperations,
];
