import { recoverDeleted } from '../../objects/change.ts';
import { withRotation } from '../../objects/key-change.ts';
import { unmanagedState } from '../../objects/state.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { keyAnswer } from './bundle.ts';

/** POST /deletedkeys/{name}/recover */
export const recoverDeletedKey: OperationCard = {
  name: 'KeyRecover',
  permission: 'keys/recover',
  method: 'POST',
  path: '/deletedkeys/:name/recover',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const state = yield* unmanagedState(call.vault, 'keys', { name: name.value, operation: 'recover' });
    if (!state.ok) return state;
    const recovered = recoverDeleted(call.vault, state.value);
    return keyAnswer(call, withRotation(call.vault, recovered));
  },
};
