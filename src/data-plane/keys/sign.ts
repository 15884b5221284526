import type { OperationCard } from '../operation.ts';
import { pathsOf, withKey } from './cryptographic-operation.ts';

/** POST /keys/{name}/{version?}/sign: `value` is the digest of what is to be signed. */
export const sign: OperationCard = {
  name: 'KeySign',
  permission: 'keys/sign',
  ...pathsOf('sign'),
  ...withKey('sign'),
};
