import { isUnknown } from './policy.ts';
import type {
  LifetimeAction,
  LifetimeActionParameters,
  LifetimeActionType,
  LifetimeTrigger,
  PolicyIssuer,
} from './policy.ts';
import { refused } from '../object.ts';
import type { Outcome } from '../object.ts';

const actionTypes: Readonly<Record<LifetimeActionType, true>> = { AutoRenew: true, EmailContacts: true };
const defaultPercentage = 80;
const daySeconds = 86_400;
/** Azure counts 27 days in a month of the validity, so there is always a day between issue and action. */
const daysOfMonth = 27;

/** The lifetime actions of a policy, from what a client sends. */
export function lifetimeActions(
  parameters: readonly LifetimeActionParameters[],
  validityMonths: number,
): Outcome<readonly LifetimeAction[]> {
  const [first, second] = parameters;
  if (second !== undefined) return bad('At most one action is allowed');
  if (first === undefined) return { ok: true, value: [] };
  const { action = '' } = first;
  if (!isActionType(action)) {
    const allowed = Object.keys(actionTypes).join(' or ');
    return bad(`lifetime_actions: action_type is '${action.slice(0, 64)}'; it must be ${allowed}.`);
  }
  const trigger = triggerOf(first, validityMonths);
  return trigger.ok ? { ok: true, value: [{ action, trigger: trigger.value }] } : trigger;
}

/** Azure's default: if it cannot be renewed automatically, the contacts are told. */
export function defaultActions(issuer: PolicyIssuer): readonly LifetimeAction[] {
  return [
    { action: isUnknown(issuer) ? 'EmailContacts' : 'AutoRenew', trigger: { lifetimePercentage: defaultPercentage } },
  ];
}

/** When an action is due, in milliseconds since 1970. */
export function actionTime(
  { trigger }: LifetimeAction,
  validity: { readonly notBefore: number; readonly expires: number },
): number {
  const { notBefore, expires } = validity;
  if ('daysBeforeExpiry' in trigger) return (expires - trigger.daysBeforeExpiry * daySeconds) * 1000;
  return (notBefore + Math.floor(((expires - notBefore) * trigger.lifetimePercentage) / 100)) * 1000;
}

function triggerOf(
  { daysBeforeExpiry, lifetimePercentage }: LifetimeActionParameters,
  validityMonths: number,
): Outcome<LifetimeTrigger> {
  if ((daysBeforeExpiry === undefined) === (lifetimePercentage === undefined)) {
    return bad('lifetime_actions: the trigger has either lifetime_percentage or days_before_expiry.');
  }
  if (lifetimePercentage !== undefined) {
    if (isBetween(lifetimePercentage, 99)) return { ok: true, value: { lifetimePercentage } };
    return bad(
      `lifetime_actions: lifetime_percentage is ${lifetimePercentage}; it must be a whole number from 1 to 99.`,
    );
  }
  const most = validityMonths * daysOfMonth;
  if (daysBeforeExpiry !== undefined && isBetween(daysBeforeExpiry, most)) {
    return { ok: true, value: { daysBeforeExpiry } };
  }
  return bad(
    `lifetime_actions: days_before_expiry is ${daysBeforeExpiry}; it must be a whole number from 1 to ${most}, ` +
      `which is ${daysOfMonth} for each month of the validity.`,
  );
}

function isBetween(value: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= most;
}

function isActionType(action: string): action is LifetimeActionType {
  return Object.hasOwn(actionTypes, action);
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}
