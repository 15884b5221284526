import type { Answer } from '../http/answer.ts';
import { isUnissued } from '../objects/certificates/pending.ts';
import { addVersion, changeVersion } from '../objects/change.ts';
import { refused } from '../objects/object.ts';
import type { ObjectRecord, Outcome } from '../objects/object.ts';
import { getVersion } from '../objects/read.ts';
import {
  checkSecret,
  newSecretVersion,
  secretProperties,
  updateSecretVersion,
  secretAs,
} from '../objects/secrets/secret.ts';
import type { SecretParameters, SecretVersion } from '../objects/secrets/secret.ts';
import { unmanagedState } from '../objects/state.ts';
import type { Reading } from '../store/records.ts';
import { object, optional, string } from '../shape/shape.ts';
import { objectMembers, parametersOf, readAs } from './body.ts';
import { lifeCycleOperations } from './life-cycle.ts';
import { objectFacts, objectId, objectName } from './operation.ts';
import type { Call, OperationCard } from './operation.ts';

/** PUT /secrets/{name}: creates the secret, or adds a version to it. */
const setSecret: OperationCard = {
  name: 'SecretSet',
  permission: 'secrets/set',
  method: 'PUT',
  path: '/secrets/:name',
  counts: 'setOrImport',
  *run(call) {
    return secretAnswer(call, yield* addSecretVersion(call), { value: true });
  },
};

/** Creates the secret with the version in the body, or adds that version to it. */
export function* addSecretVersion(call: Call): Reading<Outcome<ObjectRecord<SecretVersion>>> {
  const name = objectName(call);
  if (!name.ok) return name;
  const parameters = secretParameters(call.body);
  if (!parameters.ok) return parameters;
  const { value } = parameters.value;
  if (value === undefined) return refused({ kind: 'badParameter', message: 'The member value is missing.' });
  const version = newSecretVersion(
    { ...parameters.value, value },
    { version: call.newVersion(), nowSeconds: call.nowSeconds },
  );
  const state = yield* unmanagedState(call.vault, 'secrets', { name: name.value, operation: 'set' });
  return state.ok ? addVersion(call.vault, state.value, version) : state;
}

/** GET /secrets/{name}/{version?}. `nbf` and `exp` only inform the readers of a secret; `enabled` is enforced. */
const getSecret: OperationCard = {
  name: 'SecretGet',
  permission: 'secrets/get',
  method: 'GET',
  path: '/secrets/:name/:version?',
  *run(call) {
    const asked = objectId(call, 'secrets');
    if (!asked.ok) return asked;
    const found = yield* getVersion(call.vault, 'secrets', asked.value);
    if (!found.ok) {
      // As recorded on Azure, the secret of a certificate that is not issued yet exists and is disabled.
      const isToCome = yield* isUnissued(call.vault, asked.value);
      return isToCome ? refused({ kind: 'objectDisabled', collection: 'secrets' }) : found;
    }
    if (!found.value.current.attributes.enabled) return refused({ kind: 'objectDisabled', collection: 'secrets' });
    const { outContentType } = call.query;
    if (outContentType === undefined) return secretAnswer(call, found, { value: true });
    const current = yield* secretAs(found.value.current, outContentType);
    if (!current.ok) return current;
    const secret = { ...found.value, current: current.value };
    return secretAnswer(call, { ok: true, value: secret }, { value: true });
  },
};

/**
 * PATCH /secrets/{name}/{version?}: changes everything except the value. Without a version, as az sends it, it changes the
 * current one.
 */
const updateSecret: OperationCard = {
  name: 'SecretUpdate',
  permission: 'secrets/set',
  method: 'PATCH',
  path: '/secrets/:name/:version?',
  *run(call) {
    return secretAnswer(call, yield* changeSecretVersion(call));
  },
};

/** Changes a version of the secret as the body says. */
export function* changeSecretVersion(call: Call): Reading<Outcome<ObjectRecord<SecretVersion>>> {
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

type Secret = ObjectRecord<SecretVersion>;

/** SecretBundle. It has the value only if the operation discloses it. */
function secretBundle(call: Call, secret: Secret, show: { readonly value: boolean }) {
  const { current } = secret;
  const { contentType, managed, version } = current;
  const { attributes, tags } = objectFacts(call.vault, current);
  // JSON leaves out members that are `undefined`.
  return {
    value: show.value ? current.value : undefined,
    id: `${call.origin}/secrets/${secret.name}/${version}`,
    contentType,
    attributes,
    tags,
    managed,
    kid: managed ? `${call.origin}/keys/${secret.name}/${version}` : undefined,
    previousVersion: knowsPreviousVersion(call) ? current.previousVersion : undefined,
  };
}

/** "Only populated when the secret was retrieved using API version 2025-07-01 or later" (`SecretProperties.previousVersion`). */
function knowsPreviousVersion({ apiVersion }: Call): boolean {
  // Older versions are numbers, 7.0 to 7.6, which do not compare with dates.
  return !apiVersion.startsWith('7.') && apiVersion >= '2025-07-01';
}

/** The answer that shows a version of a secret, with its properties for the audit log. */
function secretAnswer(
  call: Call,
  outcome: Outcome<Secret>,
  show: { readonly value: boolean } = { value: false },
): Outcome<Answer> {
  if (!outcome.ok) return outcome;
  const { value: secret } = outcome;
  const value = { status: 200, body: secretBundle(call, secret, show) };
  return { ...outcome, value, audit: secretAudit(secret.current) };
}

function secretAudit(version: SecretVersion) {
  return { secretProperties: secretProperties(version) };
}

/** SecretItem of a list. Its id has a version only in a list of versions. */
function secretItem(call: Call, secret: Secret, version?: string) {
  const id = `${call.origin}/secrets/${secret.name}`;
  const { contentType, managed } = secret.current;
  const { attributes, tags } = objectFacts(call.vault, secret.current);
  return { id: version === undefined ? id : `${id}/${version}`, contentType, attributes, tags, managed };
}

const secretBody = object({ value: optional(string), contentType: optional(string), ...objectMembers });

/** The parameters of a set or an update, with their limits checked. */
function secretParameters(body: unknown): Outcome<SecretParameters & { readonly value?: string }> {
  const read = readAs(secretBody, body);
  if (!read.ok) return read;
  const { value, contentType } = read.value;
  const parameters = {
    ...(value !== undefined && { value }),
    ...(contentType !== undefined && { contentType }),
    ...parametersOf(read.value),
  };
  const refusal = checkSecret(parameters);
  return refusal === undefined ? { ok: true, value: parameters } : refused(refusal);
}

/** Every operation on secrets. */
export const secretOperations: readonly OperationCard[] = [
  setSecret,
  getSecret,
  updateSecret,
  ...lifeCycleOperations({
    collection: 'secrets',
    bundle: (call, secret) => secretBundle(call, secret, { value: false }),
    item: secretItem,
    audit: secretAudit,
  }),
];
