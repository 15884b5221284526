import { Refused } from '../../edge/edge.ts';
import { hsmPlatform, keyProperties, publicJwk } from '../../objects/keys/key.ts';
import type { KeyRecord, KeyVersion } from '../../objects/keys/key.ts';
import { updateKey as update } from '../../objects/keys/change.ts';
import type { Done, VaultScope } from '../../objects/object.ts';
import { getVersion } from '../../objects/read.ts';
import { object, partial, renamed } from '../../shape/shape.ts';
import { parametersOf, readAs } from '../body.ts';
import { lifeCycleOperations } from '../life-cycle.ts';
import { answer, nameAndVersion, objectFacts, orRefuse } from '../operation.ts';
import type { Call, OperationCard, OperationResult } from '../operation.ts';
import type { Refusal } from '../refusal.ts';
import { keyMembers, keyNames, purposes } from './parameters.ts';

/** GET /keys/{name}/{version?}: the public part, even if the key is disabled, not yet valid or expired. */
const getKey: OperationCard = {
  name: 'KeyGet',
  permission: 'keys/get',
  method: 'GET',
  path: '/keys/:name/:version?',
  *run(call) {
    return keyAnswer(call, orRefuse(yield* getVersion(call.vault, 'keys', nameAndVersion(call, 'keys'))));
  },
};

/** KeyUpdateParameters */
const updateBody = renamed(object({ ...partial({ key_ops: purposes }), ...keyMembers }), keyNames);

/** PATCH /keys/{name}/{version?}: changes everything except the key itself; without a version, of the current one. */
const updateKey: OperationCard = {
  name: 'KeyUpdate',
  permission: 'keys/update',
  method: 'PATCH',
  path: '/keys/:name/:version?',
  *run(call) {
    const asked = nameAndVersion(call, 'keys');
    const parameters = parametersOf(readAs(updateBody, call.body));
    const { nowSeconds } = call;
    return keyAnswer(call, orRefuse(yield* update(call.vault, { ...asked, nowSeconds, parameters })));
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
    orRefuse(yield* getVersion(call.vault, 'keys', nameAndVersion(call, 'keys')));
    throw new Refused<Refusal>({ kind: 'attestationMissing', operation: 'attestation' });
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
export function keyAnswer(call: Call, { value: key, change }: Done<KeyRecord>): OperationResult {
  return { ...answer(200, keyBundle(call, key), change), audit: keyAudit(key.current) };
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
