import { authorizeRbac, mayBelow } from '../access/role-assignments.ts';
import { idSegments } from '../resources/scope-id.ts';
import type { CallerLacks } from '../resources/refusal.ts';
import type { AuthorizationInForce } from '../rulebook/rulebook.ts';
import type { Caller } from '../types/caller.ts';
import type { AccessVerdict } from '../types/verdict.ts';

/** What the caller of an operation may do besides, where the operation needs to know. */
export interface Access {
  /** The role assignments that the request was admitted by, in the state that its change requires. */
  readonly authorization: AuthorizationInForce;
  /**
   * Whether the caller may do an action at a scope of the subscription. `role` (GUID) is that of the assignment which
   * the action writes or deletes.
   */
  readonly may: (action: string, scope: string, role?: string) => boolean;
  /** Why a change may not be made that needs a permission on another resource as well; `undefined` when it may. */
  readonly lacks: CallerLacks;
}

/** The scope that a path names, as role assignments are looked up at: in lower case, without needless slashes. */
export function scopeKey(path: string): string {
  return idSegments(path)
    .map((segment) => `/${segment}`)
    .join('')
    .toLowerCase();
}

/** Subscription and group of a scope: what a list is of. */
export function listScope(scope: string): string {
  return /^\/subscriptions\/[^/]+(?:\/resourcegroups\/[^/]+)?/.exec(scope)?.[0] ?? scope;
}

/** Whether the caller is let into an operation on that path. */
export function mayOperate(
  authorization: AuthorizationInForce,
  caller: Caller,
  asked: { readonly actions: readonly string[]; readonly scope: string; readonly isList: boolean },
): boolean {
  const { actions, isList } = asked;
  const scope = isList ? listScope(asked.scope) : asked.scope;
  return actions.some((action) => {
    const request = { kind: 'action', name: action.toLowerCase(), scope, role: 'any' } as const;
    return isList
      ? mayBelow(authorization.compiled, caller, request)
      : authorizeRbac(authorization.compiled, caller, request).allowed;
  });
}

/** Which assignment lets the caller do the action `name` on that path, as `mayOperate` asked for it. */
export function allowedBy(
  { compiled }: AuthorizationInForce,
  caller: Caller,
  { name, path }: { readonly name: string; readonly path: string },
): AccessVerdict {
  return authorizeRbac(compiled, caller, {
    kind: 'action',
    name: name.toLowerCase(),
    scope: scopeKey(path),
    role: 'any',
  });
}

/** `operation` is what the caller was admitted to, for the wording of a refusal. */
export function accessOf(
  authorization: AuthorizationInForce,
  caller: Caller,
  operation: { readonly action: string; readonly scope: string },
): Access {
  const may: Access['may'] = (action, scope, role) =>
    authorizeRbac(authorization.compiled, caller, {
      kind: 'action',
      name: action.toLowerCase(),
      scope: scopeKey(scope),
      ...(role !== undefined && { role }),
    }).allowed;
  return {
    authorization,
    may,
    lacks: (linkedAction, linkedScope) =>
      may(linkedAction, linkedScope)
        ? undefined
        : { kind: 'linkedNotAuthorized', objectId: caller.objectId, ...operation, linkedAction, linkedScope },
  };
}
