import type { OperationCard } from '../operation.ts';
import { pathsOf, withKey } from './cryptographic-operation.ts';

/** POST /keys/{name}/{version?}/encrypt */
export const encrypt: OperationCard = {
  name: 'KeyEncrypt',
  permission: 'keys/encrypt',
  ...pathsOf('encrypt'),
  ...withKey('encrypt'),
};
