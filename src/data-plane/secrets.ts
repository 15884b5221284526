import { Refused } from '../edge/edge.ts';
import { isUnissued } from '../objects/certificates/pending.ts';
import { addVersion, changeVersion } from '../objects/change.ts';
import type { Done, ObjectRecord } from '../objects/object.ts';
import { getVersion } from '../objects/read.ts';
import {
  checkSecret,
  newSecretVersion,
  secretProperties,
  updateSecretVersion,
  secretAs,
} from '../objects/secrets/secret.ts';
import type { SecretVersion } from '../objects/secrets/secret.ts';
import { unmanagedState } from '../objects/state.ts';
import type { Reading } from '../store/records.ts';
import { object, partial, string } from '../shape/shape.ts';
import { objectMembers, parametersOf, readAs } from './body.ts';
import { lifeCycleOperations } from './life-cycle.ts';
import { badParameter, nameAndVersion, objectFacts, objectName, orRefuse } from './operation.ts';
import type { Call, OperationCard, OperationResult } from './operation.ts';
import type { Refusal } from './refusal.ts';

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
export function* addSecretVersion(call: Call): Reading<Done<Secret>> {
  const name = objectName(call);
  const { value = badParameter('The member value is missing.'), ...parameters } = secretParameters(call.body);
  const made = { version: call.newVersion(), nowSeconds: call.nowSeconds };
  const version = newSecretVersion({ ...parameters, value }, made);
  const state = orRefuse(yield* unmanagedState(call.vault, 'secrets', { name, operation: 'set' }));
  return orRefuse(addVersion(call.vault, state.value, version));
}

/** GET /secrets/{name}/{version?}. `nbf` and `exp` only inform the readers of a secret; `enabled` is enforced. */
const getSecret: OperationCard = {
  name: 'SecretGet',
  permission: 'secrets/get',
  method: 'GET',
  path: '/secrets/:name/:version?',
  *run(call) {
    const asked = nameAndVersion(call, 'secrets');
    const found = yield* getVersion(call.vault, 'secrets', asked);
    // As recorded on Azure, the secret of a certificate that is not issued yet exists and is disabled.
    const isDisabled = found.ok ? !found.value.current.attributes.enabled : yield* isUnissued(call.vault, asked);
    if (isDisabled) throw new Refused<Refusal>({ kind: 'objectDisabled', collection: 'secrets' });
    const secret = orRefuse(found);
    const { outContentType } = call.query;
    if (outContentType === undefined) return secretAnswer(call, secret, { value: true });
    const { value: current } = orRefuse(yield* secretAs(secret.value.current, outContentType));
    return secretAnswer(call, { ...secret, value: { ...secret.value, current } }, { value: true });
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
export function* changeSecretVersion(call: Call): Reading<Done<Secret>> {
  const asked = nameAndVersion(call, 'secrets');
  const { value, ...changes } = secretParameters(call.body);
  if (value !== undefined) {
    badParameter('An update cannot change the value; set the secret to add a version with another one.');
  }
  const state = orRefuse(yield* unmanagedState(call.vault, 'secrets', { ...asked, operation: 'update' }));
  const change = <V extends SecretVersion>(before: V) => updateSecretVersion(before, changes, call.nowSeconds);
  return orRefuse(changeVersion(call.vault, state.value, change));
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
  { value: secret, change }: Done<Secret>,
  show: { readonly value: boolean } = { value: false },
): OperationResult {
  const body = secretBundle(call, secret, show);
  return { answer: { status: 200, body }, change, audit: secretAudit(secret.current) };
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

const secretBody = object({ ...partial({ value: string, contentType: string }), ...objectMembers });

/** The parameters of a set or an update, with their limits checked. */
function secretParameters(body: unknown) {
  return parametersOf(readAs(secretBody, body), checkSecret);
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
