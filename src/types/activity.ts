import type { IssuerClass } from './caller.ts';
import type { Permission } from './operation.ts';

/*
 * The answers of `Postern.Insight/activity`, `callers` and `ruleStates`, for the server, the command line and the
 * portal. Times are ISO 8601, in UTC.
 */

/** The source of a request, as the ingress proved it. */
export type SeenSource =
  | { readonly kind: 'public'; readonly address: string }
  | {
      readonly kind: 'subnet';
      /** Lower-case ARM id. */
      readonly subnet: string;
      /** Absent in records of an earlier version. */
      readonly incarnation?: string;
      readonly address: string;
      readonly assurance: 'enforced' | 'declared';
    }
  | { readonly kind: 'unknown' };

/** The caller of a request, by its verified token. */
export interface SeenCaller {
  readonly issuerClass: IssuerClass;
  /** Of an external issuer. */
  readonly issuer?: string;
  readonly objectId: string;
  readonly applicationId?: string;
  /** A user's name, where the token has it. */
  readonly name?: string;
  /** ARM id of the resource whose managed identity it is. */
  readonly managedIdentity?: string;
  /** ARM id of the resource that uses that identity. */
  readonly usedBy?: string;
}

/** One request, or one work that the service did by itself. */
export interface ActivityEntry {
  readonly time: string;
  readonly plane: 'data' | 'control';
  /** As Azure names it: `SecretGet`, `VaultPatch`. */
  readonly operation: string;
  readonly vault: { readonly id: string; readonly name: string };
  /** URL of the object, on the data plane. */
  readonly objectId?: string;
  readonly source?: SeenSource;
  /** Absent where no token was accepted. */
  readonly caller?: SeenCaller;
  /** The firewall's decision; absent where none was made. `rule` is the rule as the vault returns it. */
  readonly verdict?: {
    readonly allowed: boolean;
    readonly because: string;
    readonly rule?: string;
    readonly explanation?: string;
    readonly trustedService?: string;
  };
  /** The permission that the operation needs, as `explain` takes it; only of the data plane. */
  readonly requiredPermission?: Permission;
  /** Whether an access policy, a role or a switch of the vault gave the permission; absent where that was not asked. */
  readonly permission?: { readonly allowed: boolean; readonly by: 'accessPolicy' | 'role' | 'vaultSwitch' };
  readonly status: number;
  /** The error's message, where the request failed. */
  readonly message?: string;
  /** How many requests a summary stands for; it has no answer of its own. */
  readonly suppressed?: number;
  readonly correlationId: string;
}

/** GET {vaultId or subscription}/providers/Postern.Insight/activity */
export interface ActivityAnswer {
  /** The oldest first. */
  readonly value: readonly ActivityEntry[];
  /** The cursor for `after`: with it, the next request has what came later. Valid for its caller and path only. */
  readonly next: string;
  /** Whether there is more already. */
  readonly more: boolean;
  /** Whether records between the cursor and these may be missing, or be here again: it is too old, or from before a restart. */
  readonly gap: boolean;
  /** The time of the oldest record that can be asked for. */
  readonly since: string;
}

/** A caller that passed the vault's firewall within the window: one row for each source, caller, operation and reason. */
export interface CallerRow {
  readonly source: SeenSource;
  readonly caller: SeenCaller;
  readonly operation: string;
  /** Absent for an operation that this version does not have. */
  readonly permission?: Permission;
  /** Why the firewall let it in, last. */
  readonly because: string;
  readonly rule?: string;
  readonly trustedService?: string;
  readonly first: string;
  readonly last: string;
  /** Requests in the window. */
  readonly count: number;
  /** How many of these failed anyway: the permission was missing, the object does not exist. */
  readonly failed: number;
}

/** GET {vaultId}/providers/Postern.Insight/callers */
export interface CallersAnswer {
  readonly value: readonly CallerRow[];
  readonly nextLink?: string;
  /** The time since which requests were looked at. A caller that came before it is not in the list. */
  readonly since: string;
  readonly windowHours: 24;
  /** How many callers fell out of the list because it was full. */
  readonly dropped: number;
}

/**
 * `live` also if unused; `endpointOff`, `subnetGone` and `earlierSubnet` (bound to an earlier subnet of that name) are
 * of virtual network rules and let no request in; a `shadowed` rule lets in nothing that others do not.
 */
export type RuleLife = 'live' | 'unused' | 'shadowed' | 'endpointOff' | 'subnetGone' | 'earlierSubnet';

export interface RuleState {
  /** `ipRules[0]`, `virtualNetworkRules[2]` */
  readonly rule: string;
  readonly value: string;
  readonly state: RuleLife;
  /** The rule that lets in all that this one does. */
  readonly shadowedBy?: string;
  /** Absent: not since `since`. */
  readonly lastUse?: string;
  /** Requests that it let in within 24 hours. */
  readonly count: number;
}

/** GET {vaultId}/providers/Postern.Insight/ruleStates */
export interface RuleStatesAnswer {
  /** The rules decide only for `rules`: `open` is `defaultAction: Allow`, `closed` is public network access off. */
  readonly inForce: 'rules' | 'open' | 'closed' | 'unreadable';
  readonly value: readonly RuleState[];
  readonly since: string;
}
