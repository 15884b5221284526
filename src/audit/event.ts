import type { Caller } from '../types/caller.ts';
import type { Source } from '../types/source.ts';
import type { AccessVerdict, Verdict } from '../types/verdict.ts';

/** The facts that an edge has about a request when it is about to answer it. */
export interface AuditEvent {
  /** When the request arrived, in milliseconds since 1970. */
  readonly at: number;
  readonly durationMs: number;
  /** Default: `AuditEvent`. */
  readonly category?: AuditCategory;
  /** As Azure names it: `SecretGet`, `VaultPut`, `Authentication`. */
  readonly operationName: string;
  /** The requested `api-version`. */
  readonly apiVersion: string;
  /** ARM id of the vault, or of the directory (`directoryId`). */
  readonly resourceId: string;
  readonly status: number;
  /** A sign-in's error, as a number if it has one; default: `Success`. */
  readonly resultType?: string;
  /** The error's message, if the request failed. */
  readonly message?: string | undefined;
  /** Absent, like the caller, if the service did it by itself. */
  readonly source?: Source;
  readonly caller?: Caller | undefined;
  /** The firewall's verdict, if one was made, with the rule that matched and the verdict in words. */
  readonly verdict?: Verdict | undefined;
  readonly rule?: string | undefined;
  readonly explanation?: string | undefined;
  readonly access?: AccessVerdict | undefined;
  readonly correlationId: string;
  /** The whole URI, with its query. */
  readonly requestUri: string | undefined;
  readonly userAgent?: string | undefined;
  /** URL of the requested object. */
  readonly objectId?: string | undefined;
  /** As Node names it: `TLSv1.3`. */
  readonly tlsVersion?: string | undefined;
  /** More of Azure's properties (`keyProperties`, `networkAcls`, …); never a value, a token or key material. */
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * The categories: of vaults; of the directory's changes and of sign-ins (Microsoft, "Microsoft Entra monitoring and
 * health", the names of its logs); of the resource manager's changes (`activity.ts`).
 */
export type AuditCategory = 'AuditEvent' | 'AuditLogs' | 'SignInLogs' | 'Administrative';

/** Azure's AuditEvent record (logging.md, "Interpret your Key Vault logs"), with additions under `properties`. */
export interface AuditRecord {
  /** ISO 8601 with seven fractional digits. */
  readonly time: string;
  /** Upper-case. */
  readonly resourceId: string;
  readonly category: AuditCategory;
  readonly operationName: string;
  readonly operationVersion: string;
  /**
   * `Success` in every real record of a vault, even of a refusal; `resultSignature` and `httpStatusCode` show the
   * result.
   */
  readonly resultType: string;
  readonly resultSignature: string;
  readonly resultDescription?: string;
  readonly durationMs: string;
  /** Absent when the ingress could not tell where the request came from. */
  readonly callerIpAddress?: string;
  readonly correlationId: string;
  /** Absent when no token was accepted. */
  readonly identity?: { readonly claim: Readonly<Record<string, unknown>> };
  readonly properties: AuditProperties;
}

export interface AuditProperties extends Readonly<Record<string, unknown>> {
  readonly id?: string;
  readonly clientInfo?: string;
  readonly httpStatusCode: number;
  readonly requestUri?: string;
  readonly tlsVersion?: string;
  readonly isAccessPolicyMatch?: boolean;
  readonly isRbacAuthorized?: boolean;
  /** Our own: the switch of the vault that decided about a service of Azure. */
  readonly vaultSwitch?: string;
  readonly isVaultSwitchOn?: boolean;
  /** The role assignment (GUID) that allowed the request. */
  readonly appliedAssignmentId?: string;
  readonly isAddressAuthorized?: boolean;
  readonly addrAuthType?: 'PublicIP' | 'Subnet' | 'TrustedService';
  readonly subnetId?: string;
  /** Ours: which life of that name it is. */
  readonly subnetIncarnation?: string;
  readonly trustedService?: string;
  /** Ours: the firewall's verdict and why. */
  readonly verdict?: VerdictProperty;
  /** Ours: how a subnet's identity was established. */
  readonly assurance?: 'enforced' | 'declared';
  /** Ours, if the service did it by itself: the work, and when it was due. */
  readonly scheduled?: { readonly kind: string; readonly dueAt: string };
  /** Ours, if a seed did it at a start: the part of the seed, and what was done. */
  readonly seed?: { readonly path: string; readonly done: string };
  /** Ours, where several servers share a store: the name of the one that recorded it. The log adds it. */
  readonly node?: string;
  /** The same of a record that another node wrote into its own log, in the place of one that is lost. */
  readonly adoptedBy?: string;
  /** Ours, on the end of another node: which one. */
  readonly ofNode?: { readonly id: string; readonly name: string };
  /** Ours, only on the record of a change. */
  readonly recordId?: string;
}

export interface VerdictProperty {
  readonly allowed: boolean;
  readonly because: string;
  readonly rule?: string;
  readonly explanation?: string;
}
