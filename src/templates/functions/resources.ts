import { isGuid } from '../../shape/shape.ts';
import { joinTypeAndNames } from '../resource-id.ts';
import type { Value } from '../value.ts';
import { mismatch, string, allStrings } from './function.ts';
import type { CallContext, Functions } from './function.ts';

interface Named {
  readonly before: readonly string[];
  readonly type: string;
  readonly names: readonly string[];
}

/** Splits the arguments at the resource type, the first one with a slash, into those before it and the names after it. */
function splitAtType(given: readonly Value[], call: CallContext): Named {
  const all = allStrings(given, call);
  const at = all.findIndex((part) => part.includes('/'));
  const type = all[at];
  if (type === undefined)
    return mismatch(call, 'none of its parameters is a resource type, such as Microsoft.KeyVault/vaults');
  return { before: all.slice(0, at), type, names: all.slice(at + 1) };
}

function provided({ type, names }: Named, call: CallContext): string {
  return (
    joinTypeAndNames(type, names) ??
    mismatch(call, `the type '${type}' needs as many names as it has segments, not ${names.length}`)
  );
}

function resourceId(given: readonly Value[], call: CallContext): string {
  const named = splitAtType(given, call);
  const { scope } = call.frame;
  const { before } = named;
  if (before.length > 2) mismatch(call, 'only a subscription and a resource group may come before the type');
  const aSubscription = before.length === 1 && isGuid(before[0] ?? '');
  const subscriptionId = before.length === 2 || aSubscription ? (before[0] ?? '') : scope.subscriptionId;
  const group = aSubscription ? undefined : (before.at(-1) ?? scope.resourceGroupName);
  const root = `/subscriptions/${subscriptionId}${group === undefined ? '' : `/resourceGroups/${group}`}`;
  return `${root}/providers/${provided(named, call)}`;
}

function subscriptionResourceId(given: readonly Value[], call: CallContext): string {
  const named = splitAtType(given, call);
  if (named.before.length > 1) mismatch(call, 'only a subscription may come before the type');
  return `/subscriptions/${named.before[0] ?? call.frame.scope.subscriptionId}/providers/${provided(named, call)}`;
}

function tenantResourceId(given: readonly Value[], call: CallContext): string {
  const named = splitAtType(given, call);
  if (named.before.length > 0) mismatch(call, 'the type must come first');
  return `/providers/${provided(named, call)}`;
}

function extensionResourceId(given: readonly Value[], call: CallContext): string {
  const [of, ...rest] = given;
  const named = splitAtType(rest, call);
  if (named.before.length > 0) mismatch(call, 'the type must come second');
  return `${string([of ?? null], 0, call).replace(/\/$/, '')}/providers/${provided(named, call)}`;
}

function runtimeOf(call: CallContext) {
  return (
    call.frame.runtime ??
    mismatch(call, 'it is not expected at this location: its value is known only when resources are deployed')
  );
}

export const resources: Functions = {
  resourceId: { arity: [2, Infinity], run: resourceId },
  subscriptionResourceId: { arity: [2, Infinity], run: subscriptionResourceId },
  tenantResourceId: { arity: [2, Infinity], run: tenantResourceId },
  extensionResourceId: { arity: [3, Infinity], run: extensionResourceId },
  reference: {
    arity: [1, 3],
    run(given, call) {
      const full = given.length > 2 ? string(given, 2, call).toLowerCase() : '';
      if (full !== '' && full !== 'full') mismatch(call, `its third parameter may only be 'Full'`);
      const apiVersion = given.length > 1 ? string(given, 1, call) : undefined;
      return runtimeOf(call).reference({ resource: string(given, 0, call), apiVersion, full: full === 'full' });
    },
  },
  references: {
    arity: [1, 2],
    run: (given, call) =>
      runtimeOf(call).loop(string(given, 0, call), given.length > 1 && string(given, 1, call).toLowerCase() === 'full'),
  },
  resourceInfo: { arity: [1, 1], run: (given, call) => runtimeOf(call).information(string(given, 0, call)) },
};
