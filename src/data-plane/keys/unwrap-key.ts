import type { OperationCard } from '../operation.ts';
import { pathsOf, withKey } from './cryptographic-operation.ts';

/** POST /keys/{name}/{version?}/unwrapkey */
export const unwrapKey: OperationCard = {
  name: 'KeyUnwrap',
  permission: 'keys/unwrapKey',
  ...pathsOf('unwrapkey'),
  ...withKey('unwrapKey'),
};
