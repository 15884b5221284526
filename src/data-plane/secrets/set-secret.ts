import { addVersion } from '../../objects/change.ts';
import { refused } from '../../objects/object.ts';
import type { ObjectRecord, Outcome } from '../../objects/object.ts';
import { newSecretVersion } from '../../objects/secret.ts';
import type { SecretVersion } from '../../objects/secret.ts';
import { secretToChange } from '../../objects/secret-change.ts';
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
  run: async (call) => secretAnswer(call, await secretSet(call), { value: true }),
};

/** The secret with the version that the body describes. */
export async function secretSet(call: Call): Promise<Outcome<ObjectRecord<SecretVersion>>> {
  const name = objectName(call);
  if (!name.ok) return name;
  const parameters = secretParameters(call.body);
  if (!parameters.ok) return parameters;
  const { value } = parameters.value;
  if (value === undefined) return refused({ kind: 'badParameter', message: 'The member value is missing.' });
  const version = newSecretVersion({ ...parameters.value, value }, { version: call.newVersion(), now: call.now });
  const scope = await secretToChange(call.vault, name.value, 'set');
  if (!scope.ok) return scope;
  return addVersion(scope.value, 'secrets', { name: name.value, version });
}
