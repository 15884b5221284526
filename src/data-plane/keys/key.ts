import type { Answer } from '../../http/answer.ts';
import { hsmPlatform, keyProperties, publicJwk } from '../../objects/keys/key.ts';
import type { KeyRecord, KeyVersion } from '../../objects/keys/key.ts';
import { updateKey as update } from '../../objects/keys/change.ts';
import { refused } from '../../objects/object.ts';
import type { Outcome, VaultScope } from '../../objects/object.ts';
import { getVersion } from '../../objects/read.ts';
import { object, optional } from '../../shape/shape.ts';
import { readAs } from '../body.ts';
import { lifeCycleOperations } from '../life-cycle.ts';
import { objectFacts, objectId } from '../operation.ts';
import type { Call, OperationCard } from '../operation.ts';
import { keyMembers, keyParameters, purposes } from './parameters.ts';

/** GET /keys/{name}/{version?}: the public part, even if the key is disabled, not yet valid or expired. */
const getKey: OperationCard = {
  name: 'KeyGet',
  permission: 'keys/get',
  method: 'GET',
  path: '/keys/:name/:version?',
  *run(call) {
    const asked = objectId(call, 'keys');
    if (!asked.ok) return asked;
    return keyAnswer(call, yield* getVersion(call.vault, 'keys', asked.value));
  },
};

/** KeyUpdateParameters */
const updateBody = object({ key_ops: optional(purposes), ...keyMembers });

/** PATCH /keys/{name}/{version?}: changes everything except the key itself; without a version, of the current one. */
const updateKey: OperationCard = {
  name: 'KeyUpdate',
  permission: 'keys/update',
  method: 'PATCH',
  path: '/keys/:name/:version?',
  *run(call) {
    const asked = objectId(call, 'keys');
    if (!asked.ok) return asked;
    const body = readAs(updateBody, call.body);
    if (!body.ok) return body;
    const parameters = keyParameters(body.value, body.value.key_ops);
    if (!parameters.ok) return parameters;
    const asks = { ...asked.value, nowSeconds: call.nowSeconds, parameters: parameters.value };
    return keyAnswer(call, yield* update(call.vault, asks));
  },
};

/** GET /keys/{name}/{version?}/attestation: always refused, because our keys are not in an HSM that attests them. */
const getKeyAttestation: OperationCard = {
  name: 'KeyGetAttestation',
  permission: 'keys/get',
  method: 'GET',
  path: '/keys/:name/:version/attestation',
  alsoAt: '/keys/:name/attestation',
  *run(call) {
    const asked = objectId(call, 'keys');
    if (!asked.ok) return asked;
    const found = yield* getVersion(call.vault, 'keys', asked.value);
    if (!found.ok) return found;
    return refused({ kind: 'attestationMissing', operation: 'attestation' });
  },
};

/** The operations on keys that show or list their public part. */
export const keyObjectOperations: readonly OperationCard[] = [
  getKey,
  updateKey,
  getKeyAttestation,
  ...lifeCycleOperations({ collection: 'keys', bundle: keyBundle, item: keyItem, audit: keyAudit }),
];

/** KeyBundle: the public part of one version, never more. */
function keyBundle(call: Call, key: KeyRecord) {
  const { releasePolicy } = key.current;
  return {
    key: publicJwk(key.current, keyId(call, key)),
    ...keyFacts(call.vault, key.current),
    ...(releasePolicy !== undefined && { release_policy: releasePolicy }),
  };
}

/** KeyItem of a list. Its id has a version only in a list of versions. */
function keyItem(call: Call, key: KeyRecord, version?: string) {
  const kid = `${call.origin}/keys/${key.name}`;
  return { kid: version === undefined ? kid : `${kid}/${version}`, ...keyFacts(call.vault, key.current) };
}

export function keyId(call: Call, { name, current }: KeyRecord): string {
  return `${call.origin}/keys/${name}/${current.version}`;
}

/** The answer that shows a version of a key, with its properties for the audit log. */
export function keyAnswer(call: Call, outcome: Outcome<KeyRecord>): Outcome<Answer> {
  if (!outcome.ok) return outcome;
  const { value: key } = outcome;
  return { ...outcome, value: { status: 200, body: keyBundle(call, key) }, audit: keyAudit(key.current) };
}

function keyAudit(version: KeyVersion) {
  return { keyProperties: keyProperties(version) };
}

function keyFacts(vault: VaultScope, version: KeyVersion) {
  const { attributes, tags } = objectFacts(vault, version);
  return {
    attributes: { ...attributes, exportable: version.exportable === true, hsmPlatform },
    ...(tags !== undefined && { tags }),
    ...(version.managed === true && { managed: true }),
  };
}
