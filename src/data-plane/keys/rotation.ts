import { rotateKey as rotate, setRotationPolicy } from '../../objects/keys/change.ts';
import type { KeyRecord } from '../../objects/keys/key.ts';
import { refused } from '../../objects/object.ts';
import type { Outcome } from '../../objects/object.ts';
import { getCurrent } from '../../objects/read.ts';
import { usualActions } from '../../objects/keys/rotation-policy.ts';
import type { RotationPolicy, RotationPolicyParameters } from '../../objects/keys/rotation-policy.ts';
import { bodyMembers, textMember } from '../body.ts';
import { objectName } from '../operation.ts';
import type { Call, OperationCard } from '../operation.ts';
import { keyAnswer } from './key.ts';

/** POST /keys/{name}/rotate: makes the next version of the key now, with or without a policy. */
export const rotateKey: OperationCard = {
  name: 'KeyRotate',
  permission: 'keys/rotate',
  method: 'POST',
  path: '/keys/:name/rotate',
  *makes(call) {
    const name = objectName(call);
    const found = name.ok ? yield* getCurrent(call.vault, 'keys', name.value) : name;
    return found.ok ? found.value.current.kty : undefined;
  },
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const { nowSeconds, engine } = call;
    const rotated = yield* rotate(call.vault, { name: name.value, version: call.newVersion(), nowSeconds, engine });
    return keyAnswer(call, rotated);
  },
};

/** GET /keys/{name}/rotationpolicy */
export const getKeyRotationPolicy: OperationCard = {
  name: 'KeyRotationPolicyGet',
  permission: 'keys/getrotationpolicy',
  method: 'GET',
  path: '/keys/:name/rotationpolicy',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const found = yield* getCurrent(call.vault, 'keys', name.value);
    if (!found.ok) return found;
    return { ok: true, value: { status: 200, body: policyBody(call, found.value) } };
  },
};

/** PUT /keys/{name}/rotationpolicy: the policy whole, in the place of the one before. */
export const updateKeyRotationPolicy: OperationCard = {
  name: 'KeyRotationPolicySet',
  permission: 'keys/setrotationpolicy',
  method: 'PUT',
  path: '/keys/:name/rotationpolicy',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const policy = policyParameters(call.body);
    if (!policy.ok) return policy;
    const asked = { name: name.value, nowSeconds: call.nowSeconds, policy: policy.value };
    const set = yield* setRotationPolicy(call.vault, asked);
    if (!set.ok) return set;
    return { ...set, value: { status: 200, body: policyBody(call, set.value) } };
  },
};

type ActionParameters = RotationPolicyParameters['lifetimeActions'][number];

/** KeyRotationPolicy. A key for which none was set has the notification that Azure gives it. */
function policyBody(call: Call, { name, current }: KeyRecord) {
  return { id: `${call.origin}/keys/${name}/rotationpolicy`, ...policyMembers(current.rotationPolicy ?? {}) };
}

/** What a policy says, but for its id. */
export function policyMembers({
  lifetimeActions = usualActions,
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

/** A policy as a client sends it, also one that it got and sends back. */
function policyParameters(body: unknown): Outcome<RotationPolicyParameters> {
  const members = bodyMembers(body, ['id', 'lifetimeActions', 'attributes']);
  if (!members.ok) return members;
  const attributes = membersAt('attributes', members.value['attributes'] ?? {}, ['expiryTime', 'created', 'updated']);
  if (!attributes.ok) return attributes;
  const expiryTime = textMember(attributes.value, 'expiryTime');
  if (!expiryTime.ok) return expiryTime;
  const asked: unknown = members.value['lifetimeActions'] ?? [];
  if (!Array.isArray(asked)) return bad('lifetimeActions must be a list.');
  const lifetimeActions: ActionParameters[] = [];
  for (const one of asked) {
    const action = actionOf(one);
    if (!action.ok) return action;
    lifetimeActions.push(action.value);
  }
  const value = { lifetimeActions, ...(expiryTime.value !== undefined && { expiryTime: expiryTime.value }) };
  return { ok: true, value };
}

/** The rotation policy in the body of a key's resource, if it has one. */
export function resourcePolicy(found: unknown): Outcome<RotationPolicyParameters | undefined> {
  if (found === undefined || found === null) return { ok: true, value: undefined };
  const members = membersAt('rotationPolicy', found, ['lifetimeActions', 'attributes']);
  return members.ok ? policyParameters(members.value) : members;
}

function actionOf(found: unknown): Outcome<ActionParameters> {
  const members = membersAt('Each of lifetimeActions', found, ['trigger', 'action']);
  if (!members.ok) return members;
  const action = membersAt('action', members.value['action'], ['type']);
  if (!action.ok) return action;
  const type = textMember(action.value, 'type');
  if (!type.ok) return type;
  if (type.value === undefined) return refused({ kind: 'missing', what: 'type' });
  const trigger = membersAt('trigger', members.value['trigger'], ['timeAfterCreate', 'timeBeforeExpiry']);
  if (!trigger.ok) return trigger;
  const timeAfterCreate = textMember(trigger.value, 'timeAfterCreate');
  if (!timeAfterCreate.ok) return timeAfterCreate;
  const timeBeforeExpiry = textMember(trigger.value, 'timeBeforeExpiry');
  if (!timeBeforeExpiry.ok) return timeBeforeExpiry;
  const value = {
    action: type.value,
    ...(timeAfterCreate.value !== undefined && { timeAfterCreate: timeAfterCreate.value }),
    ...(timeBeforeExpiry.value !== undefined && { timeBeforeExpiry: timeBeforeExpiry.value }),
  };
  return { ok: true, value };
}

function membersAt(place: string, found: unknown, known: readonly string[]) {
  const members = bodyMembers(found, known);
  return members.ok ? members : bad(`${place} must be an object with no members but ${known.join(', ')}.`);
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}
