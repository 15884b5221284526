import { Refused } from '../edge/edge.ts';
import type { RuleProfile } from '../firewall/profiles.ts';
import type { Answer } from '../http/answer.ts';
import type { NameSet } from '../http/host.ts';
import type { BoundedJson } from '../json/bounded-json.ts';
import type { PrincipalChange } from '../resources/authorization/principals.ts';
import { tagsOfBody } from '../resources/tags.ts';
import type { Rulebook } from '../rulebook/rulebook.ts';
import type { Store, Transaction } from '../store/store.ts';
import type { Allowance } from '../templates/budget.ts';
import type { Caller } from '../types/caller.ts';
import type { SubscriptionRecord } from '../types/resource-group.ts';
import type { SecretRequest, SecretRead } from '../types/secret-reference.ts';
import type { Access } from './access.ts';
import type { Evaluate } from './deployments/evaluations.ts';
import type { Inner } from './inner.ts';
import type { LongRunning } from './long-running/long-running.ts';
import type { Accepted, Behalf } from './long-running/operation.ts';
import type { ControlRefusal } from './refusal.ts';
import type { VaultObjects } from './vault-objects/objects.ts';

/** An operation of the resource manager, whole on one card. */
export interface ControlOperation {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /**
   * Below the resource manager's origin, a parameter as `:name`; after `{scope}`, which is a subscription's id or any id
   * below it. `{resource}` is any resource, `{resources}` any list, of types without operations of their own:
   * `action` is the last part of the type's.
   */
  readonly path: string;
  /** What the caller must be allowed to do, as role definitions name it. */
  readonly action: string;
  /** Another action that is as good. */
  readonly orAction?: string;
  /**
   * Of a list: it shows what the caller may see (`visible`: may do the action on), whoever may see anything below its
   * scope; or what is the caller's own, whoever that is (`own`).
   */
  readonly shows?: 'visible' | 'own';
  /** The operation's name in the vault's audit log; only operations on vaults have one (logging.md). */
  readonly audit?: string;
  /** How its body is read, where it is not simply JSON. */
  readonly parseBody?: (body: unknown) => ParsedBody;
  readonly run: (call: ControlCall, services: ControlServices) => Promise<ControlOutcome>;
}

/** A body's JSON: `undefined` for none. */
export type ParsedBody = BoundedJson;

/** What an operation is given of its request. */
export interface ControlCall {
  /** What is read from it, is read on the word of what admitted the request. */
  readonly store: Store;
  /** The subscription of the path; for a path without one, the first of the caller's tenant. */
  readonly subscription: SubscriptionRecord;
  readonly caller: Caller;
  /** What else the caller may do. */
  readonly access: Access;
  readonly names: NameSet;
  readonly origin: Pick<Behalf, 'source' | 'correlationId' | 'userAgent'>;
  /** The path that was asked for, in the form of an ARM id (`ControlRequest`). */
  readonly path: string;
  readonly apiVersion: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly conditions: Conditions;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly newId: () => string;
  /** The deployment that the request is part of. */
  readonly deployment: DeploymentAround | undefined;
}

/** The headers `If-Match` and `If-None-Match`. */
interface Conditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

/** What a deployment says of the requests that it makes. */
export interface DeploymentAround {
  /** Takes out of a string what nothing that is stored or answered may hold. */
  readonly mask?: ((text: string) => string) | undefined;
  /** What it may still cost. */
  readonly allowance?: Allowance | undefined;
}

/** On whose behalf a request is made: for what goes on after the answer, and for what is asked of other operations. */
export function behalfOf({ caller, subscription, names, origin }: ControlCall): Behalf {
  return { caller, subscription, names, ...origin };
}

/** What the server gives to operations. */
export interface ControlServices {
  readonly rulebook: Rulebook;
  readonly profile: RuleProfile;
  /** Where public IP addresses come from (IPv4, CIDR). */
  readonly publicAddressPool: string;
  /** Whether answers are changed as Azure changes them, instead of giving back what was sent. */
  readonly azureNormalization: boolean;
  readonly objects: VaultObjects;
  /** Reads a secret as the template deployment service, through the vault's firewall and into its log. */
  readonly readSecret: (asked: SecretRequest) => Promise<SecretRead>;
  /** Without the requirements of a request: for what goes on when it is long answered. */
  readonly store: Store;
  readonly inner: Inner;
  readonly longRunning: Pick<LongRunning, 'settled' | 'closing'>;
  readonly evaluate: Evaluate;
  /** Milliseconds since 1970, each time that it is asked. */
  readonly now: () => number;
}

export type ControlOutcome =
  | {
      readonly ok: true;
      readonly answer: Answer;
      readonly change?: Transaction;
      /** The service principals that the change makes, changes and removes: each has a record in the directory's log. */
      readonly principals?: readonly PrincipalChange[];
      /** What goes on after the answer, or can be asked for later. */
      readonly accepted?: Accepted;
      readonly recordedAs?: RecordedAs;
    }
  | { readonly ok: false; readonly refusal: ControlRefusal; readonly recordedAs?: RecordedAs };

/** How an operation is recorded in the vault's audit log, where its card alone does not say it. */
export interface RecordedAs {
  readonly operationName: string;
  /** ARM id of the vault, where the path does not name it. */
  readonly resourceId?: string;
}

export function answer(status: number, body?: unknown): { readonly ok: true; readonly answer: Answer } {
  return { ok: true, answer: { status, body } };
}

export function refuse(refusal: ControlRefusal): Extract<ControlOutcome, { ok: false }> {
  return { ok: false, refusal };
}

/**
 * For what a request says that breaks a rule which `message` states.
 * @throws {Refused} always
 */
export function badRequest(message: string): never {
  throw new Refused<ControlRefusal>({ kind: 'badQuery', message });
}

/**
 * `tags` of a request body.
 * @throws {Refused} for a tag whose value is an object
 */
export function tagsOf(body: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const tags = tagsOfBody(body);
  if (!tags.ok) throw new Refused<ControlRefusal>(tags.refusal);
  return tags.value;
}

/** A region's name is in a header of every answer of its vaults. */
const regionName = /^[A-Za-z0-9][A-Za-z0-9 ()-]{0,89}$/;

/**
 * `location` of a request body, `undefined` when it has none.
 * @throws {Refused} for a location that is no region
 */
export function readLocation({ location }: Readonly<Record<string, unknown>>): string | undefined {
  if (location === undefined || location === null || location === '') return undefined;
  if (typeof location === 'string' && regionName.test(location)) return location;
  const found = JSON.stringify(location).slice(0, 100);
  const rule = 'a region is a text of at most 90 letters, digits and spaces, for example "westeurope"';
  return badRequest(`The location ${found} is no region: ${rule}.`);
}

export const locationMissing: ControlRefusal = {
  kind: 'badQuery',
  message: 'The \'location\' property is required: give the region, for example "westeurope".',
};

/**
 * What a request's conditions are refused with (RFC 9110 sections 13.1.1 and 13.1.2): `If-Match` wants the state
 * that there is, or with `*` any state, and `If-None-Match: *` wants that there is no state. `etag` is that of the
 * current state, `undefined` for a resource that does not exist.
 */
export function ifMatchRefusal(
  { conditions: { ifMatch, ifNoneMatch }, path }: Pick<ControlCall, 'conditions' | 'path'>,
  etag: string | undefined,
): Extract<ControlOutcome, { ok: false }> | undefined {
  const failed = refuse({ kind: 'preconditionFailed', id: path });
  if (ifMatch !== undefined && !isNamedIn(ifMatch, etag)) return failed;
  return ifNoneMatch !== undefined && isNamedIn(ifNoneMatch, etag) ? failed : undefined;
}

function isNamedIn(condition: string, etag: string | undefined): boolean {
  if (etag === undefined) return false;
  return condition.split(',').some((one) => one.trim() === '*' || one.trim() === etag);
}
