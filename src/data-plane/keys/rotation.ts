import { rotateKey as rotate, setRotationPolicy } from '../../objects/keys/change.ts';
import type { KeyRecord } from '../../objects/keys/key.ts';
import { isObjectName } from '../../objects/object.ts';
import { getCurrent } from '../../objects/read.ts';
import { defaultRotationActions } from '../../objects/keys/rotation-policy.ts';
import type { RotationPolicy, RotationPolicyParameters } from '../../objects/keys/rotation-policy.ts';
import { accept, wrong } from '../../shape/fault.ts';
import { always, array, each, ignored, object, optional, partial, refine, string } from '../../shape/shape.ts';
import type { Shaped } from '../../shape/shape.ts';
import { objectOr, readAs } from '../body.ts';
import type { BodyShape } from '../body.ts';
import { answer, objectName, orRefuse } from '../operation.ts';
import type { Call, OperationCard } from '../operation.ts';
import { keyAnswer } from './key.ts';

/** POST /keys/{name}/rotate: makes the next version of the key now, with or without a policy. */
export const rotateKey: OperationCard = {
  name: 'KeyRotate',
  permission: 'keys/rotate',
  method: 'POST',
  path: '/keys/:name/rotate',
  *makes(call) {
    const { name = '' } = call.params;
    const found = isObjectName(name) ? yield* getCurrent(call.vault, 'keys', name) : undefined;
    return found?.ok === true ? found.value.current.kty : undefined;
  },
  *run(call) {
    const name = objectName(call);
    const { nowSeconds, engine } = call;
    const asked = { name, version: call.newVersion(), nowSeconds, engine };
    return keyAnswer(call, orRefuse(yield* rotate(call.vault, asked)));
  },
};

/** GET /keys/{name}/rotationpolicy */
export const getKeyRotationPolicy: OperationCard = {
  name: 'KeyRotationPolicyGet',
  permission: 'keys/getrotationpolicy',
  method: 'GET',
  path: '/keys/:name/rotationpolicy',
  *run(call) {
    const { value: key } = orRefuse(yield* getCurrent(call.vault, 'keys', objectName(call)));
    return answer(200, policyBody(call, key));
  },
};

/** PUT /keys/{name}/rotationpolicy: replaces the whole policy. */
export const updateKeyRotationPolicy: OperationCard = {
  name: 'KeyRotationPolicySet',
  permission: 'keys/setrotationpolicy',
  method: 'PUT',
  path: '/keys/:name/rotationpolicy',
  *run(call) {
    const name = objectName(call);
    const asked = { name, nowSeconds: call.nowSeconds, policy: policyParameters(sentPolicy, call.body) };
    const { value: key, change } = orRefuse(yield* setRotationPolicy(call.vault, asked));
    return answer(200, policyBody(call, key), change);
  },
};

/** KeyRotationPolicy. A key whose policy was never set has Azure's default notification. */
function policyBody(call: Call, { name, current }: KeyRecord) {
  return { id: `${call.origin}/keys/${name}/rotationpolicy`, ...policyMembers(current.rotationPolicy ?? {}) };
}

/** The members of a policy, except its id. */
export function policyMembers({
  lifetimeActions = defaultRotationActions,
  expiryTime,
  created,
  updated,
}: Partial<RotationPolicy>) {
  return {
    lifetimeActions: lifetimeActions.map(({ action, ...trigger }) => ({ trigger, action: { type: action } })),
    attributes: {
      ...(expiryTime !== undefined && { expiryTime }),
      ...(created !== undefined && { created, updated }),
    },
  };
}

const trigger = objectOr(
  'trigger must be an object with no members but timeAfterCreate, timeBeforeExpiry.',
  object(partial({ timeAfterCreate: string, timeBeforeExpiry: string })),
);

const action = objectOr('action must be an object with no members but type.', object({ type: string }));

const lifetimeAction = refine(
  objectOr(
    'Each of lifetimeActions must be an object with no members but trigger, action.',
    object({ trigger: always(trigger), action: always(action) }),
  ),
  (read) => accept({ action: read.action.type, ...read.trigger }),
);

const lifetimeActions: BodyShape<RotationPolicyParameters['lifetimeActions']> = (value) =>
  Array.isArray(value) ? array(lifetimeAction)(value) : wrong(value, 'a list');

const attributes = objectOr(
  'attributes must be an object with no members but expiryTime, created, updated.',
  object({ ...partial({ expiryTime: string }), ...each(['created', 'updated'], ignored) }),
);

const sentMembers = { lifetimeActions: optional(lifetimeActions, []), attributes: optional(attributes, {}) };

/** A policy as a client sends it. It may be one that the client received. */
const sentPolicy = object({ id: ignored, ...sentMembers });

const policyOfResource = objectOr(
  'rotationPolicy must be an object with no members but lifetimeActions, attributes.',
  object(sentMembers),
);

function policyParameters(shape: BodyShape<Shaped<typeof sentPolicy>>, body: unknown): RotationPolicyParameters {
  const { lifetimeActions: actions, attributes: others } = readAs(shape, body);
  return { lifetimeActions: actions, ...others };
}

/** The rotation policy in the body of a key's resource, if it has one. */
export function resourcePolicy(found: unknown): RotationPolicyParameters | undefined {
  return found === undefined || found === null ? undefined : policyParameters(policyOfResource, found);
}
