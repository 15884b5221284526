import { changeVersion } from '../../objects/change.ts';
import { refused } from '../../objects/object.ts';
import type { ObjectRecord, Outcome } from '../../objects/object.ts';
import { updateSecretVersion } from '../../objects/secret.ts';
import type { SecretVersion } from '../../objects/secret.ts';
import { unmanagedState } from '../../objects/state.ts';
import type { Reading } from '../../store/reading.ts';
import { objectId } from '../object-id.ts';
import type { Call, OperationCard } from '../operation.ts';
import { secretAnswer, secretParameters } from './bundle.ts';

/** PATCH /secrets/{name}/{version?}: everything but the value. Without a version, as az sends it, the current one. */
export const updateSecret: OperationCard = {
  name: 'SecretUpdate',
  permission: 'secrets/set',
  method: 'PATCH',
  path: '/secrets/:name/:version?',
  *run(call) {
    return secretAnswer(call, yield* secretUpdated(call));
  },
};

/** The secret with what the body says of a version changed. */
export function* secretUpdated(call: Call): Reading<Outcome<ObjectRecord<SecretVersion>>> {
  const asked = objectId(call, 'secrets');
  if (!asked.ok) return asked;
  const parameters = secretParameters(call.body);
  if (!parameters.ok) return parameters;
  const { value, ...changes } = parameters.value;
  if (value !== undefined) {
    const message = 'An update cannot change the value; set the secret to add a version with another one.';
    return refused({ kind: 'badParameter', message });
  }
  const state = yield* unmanagedState(call.vault, 'secrets', { ...asked.value, operation: 'update' });
  if (!state.ok) return state;
  return changeVersion(call.vault, state.value, (before) => updateSecretVersion(before, changes, call.nowSeconds));
}
