import type { OperationCard } from '../operation.ts';
import { pathsOf, withKey } from './cryptographic-operation.ts';

/** POST /keys/{name}/{version?}/verify: `value` is the signature of `digest`. */
export const verify: OperationCard = {
  name: 'KeyVerify',
  permission: 'keys/verify',
  ...pathsOf('verify'),
  ...withKey('verify'),
};
