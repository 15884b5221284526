import { parseDuration, shiftTime } from '../duration.ts';
import type { Duration } from '../duration.ts';
import { refused } from '../object.ts';
import type { Attributes, Outcome } from '../object.ts';

/** A key's rotation policy (how-to-configure-key-rotation). Durations are in ISO 8601. */
export interface RotationPolicy {
  readonly lifetimeActions: readonly LifetimeAction[];
  /** How long a version that is made under this policy is valid. */
  readonly expiryTime?: string;
  /** In seconds since 1970. */
  readonly created: number;
  readonly updated: number;
}

export interface LifetimeAction {
  readonly action: 'Rotate' | 'Notify';
  /** Exactly one of the two is present. */
  readonly timeAfterCreate?: string;
  readonly timeBeforeExpiry?: string;
}

/** A policy as a client sends it: its members have the right type, and are not checked further. */
export interface RotationPolicyParameters {
  readonly lifetimeActions: readonly (Omit<LifetimeAction, 'action'> & { readonly action: string })[];
  readonly expiryTime?: string;
}

const dayMs = 86_400_000;
const shortestLifeDays = 28;
const shortestTriggerDays = 7;

/** Azure adds it to every policy without a notification, and returns it for keys without a policy. */
const usualNotification: LifetimeAction = { action: 'Notify', timeBeforeExpiry: 'P30D' };

const actions: Readonly<Record<string, LifetimeAction['action']>> = { rotate: 'Rotate', notify: 'Notify' };

/** The end of the year 9999; an action after it never happens. */
const never = Date.UTC(10_000, 0);

/** The actions of a key that has no policy. */
export const defaultRotationActions: readonly LifetimeAction[] = [usualNotification];

/**
 * Makes a policy by Azure's rules: a version is valid for at least 28 days; an action happens at least 7 days after the
 * version is made, and at least 7 days before it expires; a notification depends on the expiry. Durations with months
 * or years are measured from now.
 */
export function rotationPolicy(
  { lifetimeActions, expiryTime }: RotationPolicyParameters,
  { nowSeconds, before }: { readonly nowSeconds: number; readonly before: RotationPolicy | undefined },
): Outcome<RotationPolicy> {
  const life = expiryTime === undefined ? undefined : parseDuration(expiryTime);
  if (expiryTime !== undefined && life === undefined) return bad(notADuration('attributes.expiryTime', expiryTime));
  const at = nowSeconds * 1000;
  const end = life === undefined ? undefined : shiftTime(at, life, 1);
  if (end !== undefined && end - at < shortestLifeDays * dayMs) {
    return bad(`attributes.expiryTime is ${expiryTime}; it must be at least ${shortestLifeDays} days.`);
  }
  const found: LifetimeAction[] = [];
  for (const asked of lifetimeActions) {
    const action = lifetimeAction(asked, { at, end });
    if (!action.ok) return action;
    if (found.some((other) => other.action === action.value.action)) {
      return bad(`lifetimeActions has two actions of the type ${action.value.action}; one is allowed.`);
    }
    found.push(action.value);
  }
  if (!found.some(({ action }) => action === 'Notify')) found.push(usualNotification);
  const value = {
    lifetimeActions: found,
    ...(expiryTime !== undefined && { expiryTime }),
    created: before?.created ?? nowSeconds,
    updated: nowSeconds,
  };
  return { ok: true, value };
}

function lifetimeAction(
  asked: RotationPolicyParameters['lifetimeActions'][number],
  life: { readonly at: number; readonly end: number | undefined },
): Outcome<LifetimeAction> {
  const action = Object.hasOwn(actions, asked.action.toLowerCase()) ? actions[asked.action.toLowerCase()] : undefined;
  if (action === undefined) {
    return bad(`The action type '${asked.action.slice(0, 64)}' is not supported; allowed: Rotate, Notify.`);
  }
  const timeAfterCreate = given(asked.timeAfterCreate);
  const timeBeforeExpiry = given(asked.timeBeforeExpiry);
  if (timeAfterCreate === undefined) {
    if (timeBeforeExpiry === undefined) {
      return bad(`The trigger of ${action} must have one of timeAfterCreate and timeBeforeExpiry.`);
    }
    const refusal = checkBeforeExpiry(action, timeBeforeExpiry, life);
    return refusal === undefined ? { ok: true, value: { action, timeBeforeExpiry } } : bad(refusal);
  }
  if (timeBeforeExpiry !== undefined) {
    return bad(`The trigger of ${action} has both timeAfterCreate and timeBeforeExpiry; one is allowed.`);
  }
  const refusal = checkAfterCreate(action, timeAfterCreate, life);
  return refusal === undefined ? { ok: true, value: { action, timeAfterCreate } } : bad(refusal);
}

/** Azure's own template has an empty string for the trigger that it does not use (how-to-configure-key-rotation). */
function given(trigger: string | undefined): string | undefined {
  return trigger === '' ? undefined : trigger;
}

function checkAfterCreate(
  action: LifetimeAction['action'],
  text: string,
  { at, end = Infinity }: { readonly at: number; readonly end: number | undefined },
): string | undefined {
  if (action === 'Notify') return 'timeAfterCreate is for Rotate only; a notification goes by timeBeforeExpiry.';
  const duration = parseDuration(text);
  if (duration === undefined) return notADuration('timeAfterCreate', text);
  const due = shiftTime(at, duration, 1);
  if (due - at < shortestTriggerDays * dayMs) return tooShort('timeAfterCreate', text);
  if (end - due >= shortestTriggerDays * dayMs) return undefined;
  return (
    `timeAfterCreate is ${text}; the rotation must be at least ${shortestTriggerDays} days before the key expires, ` +
    'as attributes.expiryTime says.'
  );
}

function checkBeforeExpiry(
  action: LifetimeAction['action'],
  text: string,
  { at, end }: { readonly at: number; readonly end: number | undefined },
): string | undefined {
  const duration = parseDuration(text);
  if (duration === undefined) return notADuration('timeBeforeExpiry', text);
  if (shiftTime(at, duration, 1) - at < shortestTriggerDays * dayMs) return tooShort('timeBeforeExpiry', text);
  // Without an expiry there is nothing to notify of, but Azure accepts the notification.
  if (action === 'Notify') return undefined;
  if (end === undefined) return 'A Rotate by timeBeforeExpiry needs attributes.expiryTime.';
  if (shiftTime(end, duration, -1) - at >= shortestTriggerDays * dayMs) return undefined;
  return (
    `timeBeforeExpiry is ${text}; the rotation must be at least ${shortestTriggerDays} days after the key is made, ` +
    'and attributes.expiryTime ends before that.'
  );
}

/** When a version that is made at `nowSeconds` under the policy expires; both since 1970. */
export function expiryUnder(policy: RotationPolicy | undefined, nowSeconds: number): number | undefined {
  const life = durationOf(policy?.expiryTime);
  return life === undefined ? undefined : Math.floor(shiftTime(nowSeconds * 1000, life, 1) / 1000);
}

/** When the policy rotates a version, in milliseconds since 1970; `undefined` for never. */
export function rotationDue(policy: RotationPolicy | undefined, { created, expires }: Attributes): number | undefined {
  const rotate = policy?.lifetimeActions.find(({ action }) => action === 'Rotate');
  const afterCreate = durationOf(rotate?.timeAfterCreate);
  if (afterCreate !== undefined) return inTime(shiftTime(created * 1000, afterCreate, 1));
  const beforeExpiry = durationOf(rotate?.timeBeforeExpiry);
  if (beforeExpiry === undefined || expires === undefined) return undefined;
  return inTime(shiftTime(expires * 1000, beforeExpiry, -1));
}

function inTime(at: number): number | undefined {
  return at < never ? at : undefined;
}

function durationOf(text: string | undefined): Duration | undefined {
  return text === undefined ? undefined : parseDuration(text);
}

function notADuration(what: string, found: string): string {
  return `${what} is '${found.slice(0, 64)}'; it must be an ISO 8601 duration such as P90D, P1Y10D or PT720H.`;
}

function tooShort(what: string, found: string): string {
  return `${what} is ${found}; it must be at least ${shortestTriggerDays} days.`;
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}
