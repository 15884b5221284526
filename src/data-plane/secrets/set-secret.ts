import { addVersion } from '../../objects/change.ts';
import { refused } from '../../objects/object.ts';
import type { ObjectRecord, Outcome } from '../../objects/object.ts';
import { newSecretVersion } from '../../objects/secret.ts';
import type { SecretVersion } from '../../objects/secret.ts';
import { unmanagedState } from '../../objects/state.ts';
import type { Reading } from '../../store/reading.ts';
import { objectName } from '../object-id.ts';
import type { Call, OperationCard } from '../operation.ts';
import { secretAnswer, secretParameters } from './bundle.ts';

/** PUT /secrets/{name}: creates the secret, or adds a version to it. */
export const setSecret: OperationCard = {
  name: 'SecretSet',
  permission: 'secrets/set',
  method: 'PUT',
  path: '/secrets/:name',
  counts: 'setOrImport',
  *run(call) {
    return secretAnswer(call, yield* secretSet(call), { value: true });
  },
};

/** The secret with the version that the body describes. */
export function* secretSet(call: Call): Reading<Outcome<ObjectRecord<SecretVersion>>> {
  const name = objectName(call);
  if (!name.ok) return name;
  const parameters = secretParameters(call.body);
  if (!parameters.ok) return parameters;
  const { value } = parameters.value;
  if (value === undefined) return refused({ kind: 'badParameter', message: 'The member value is missing.' });
  const version = newSecretVersion(
    { ...parameters.value, value },
    { version: call.newVersion(), now: call.nowSeconds },
  );
  const state = yield* unmanagedState(call.vault, 'secrets', { name: name.value, operation: 'set' });
  return state.ok ? addVersion(call.vault, state.value, version) : state;
}
