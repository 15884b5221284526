import type { OperationCard } from '../operation.ts';
import { pathsOf, withKey } from './cryptographic-operation.ts';

/** POST /keys/{name}/{version?}/decrypt */
export const decrypt: OperationCard = {
  name: 'KeyDecrypt',
  permission: 'keys/decrypt',
  ...pathsOf('decrypt'),
  ...withKey('decrypt'),
};
