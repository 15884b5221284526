import type { OperationCard } from '../operation.ts';
import { pathsOf, withKey } from './cryptographic-operation.ts';

/** POST /keys/{name}/{version?}/wrapkey */
export const wrapKey: OperationCard = {
  name: 'KeyWrap',
  permission: 'keys/wrapKey',
  ...pathsOf('wrapkey'),
  ...withKey('wrapKey'),
};
