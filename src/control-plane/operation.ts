import type { Socket } from 'node:net';
import { Refused } from '../edge/edge.ts';
import type { RuleProfile } from '../types/firewall.ts';
import type { Answer } from '../http/answer.ts';
import type { NameSet } from '../http/host.ts';
import type { BoundedJson } from '../json/bounded-json.ts';
import type { Recent } from '../recent/recent.ts';
import type { Place } from '../resources/keys.ts';
import type { PrincipalChange } from '../resources/authorization/principals.ts';
import type { ResourceOutcome } from '../resources/refusal.ts';
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
import type { NetworkWatch } from './fabric/network-watch.ts';
import type { LongRunning } from './long-running/long-running.ts';
import type { Accepted, Behalf } from './long-running/operation.ts';
import type { ControlRefusal } from './refusal.ts';
import type { GatewayListener } from './virtual-networks/gateway-certificate.ts';
import type { VaultObjects } from './vault-objects/objects.ts';

/** A card: one operation of the resource manager as data. */
export interface ControlOperation {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /**
   * The path below the resource manager's origin. `:name` is a parameter; `{scope}` is the id of a subscription or any
   * id below it. `{resource}` is any resource and `{resources}` any list of a type without operations of its own; then
   * `action` is only the last part of the type's action.
   */
  readonly path: string;
  /** The action that the caller needs, as role definitions name it. */
  readonly action: string;
  /** Another action that also suffices. */
  readonly orAction?: string;
  /**
   * For a read that filters its answer. `visible`: a list of the items on which the caller has the action, open to
   * every caller who has it anywhere below the scope. `own`: the answer has only the caller's own, and is open to every
   * caller.
   */
  readonly shows?: 'visible' | 'own';
  /** The scope at which the caller needs the action: the subscription. By default it is the path. */
  readonly scope?: 'subscription';
  /** The operation's name in the vault's audit log (logging.md); only operations on vaults have one. */
  readonly audit?: string;
  /** Reads a body that is not simply JSON. */
  readonly parseBody?: (body: unknown) => ParsedBody;
  /** Rejects with `Refused` if the request is refused. */
  readonly run: (call: ControlCall, services: ControlServices) => Promise<ControlOutcome>;
}

/** The JSON of a body; `undefined` for an empty one. */
export type ParsedBody = BoundedJson;

/** The request as an operation sees it. */
export interface ControlCall {
  /** Its reads hold only while the role assignments that admitted the request are unchanged. */
  readonly store: Store;
  /** The subscription of the path; for a path without one, the home subscription. */
  readonly subscription: SubscriptionRecord;
  readonly caller: Caller;
  /** The caller's other permissions. */
  readonly access: Access;
  readonly names: NameSet;
  readonly origin: Pick<Behalf, 'source' | 'correlationId' | 'userAgent'>;
  /** The client's connection; `undefined` for the server's own requests. */
  readonly socket: Socket | undefined;
  /** The requested path in the form of an ARM id (`ControlRequest`). */
  readonly path: string;
  readonly apiVersion: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly conditions: Conditions;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly newId: () => string;
  /** The deployment that makes the request, if one does. */
  readonly deployment: EnclosingDeployment | undefined;
}

/** The headers `If-Match` and `If-None-Match`. */
interface Conditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

/** The part of a deployment that the requests which it makes depend on. */
export interface EnclosingDeployment {
  /** Masks the secrets of the deployment in a string that is stored or answered. */
  readonly mask?: ((text: string) => string) | undefined;
  /** The work that its templates may still cause. */
  readonly allowance?: Allowance | undefined;
}

/** The caller and the other facts of this request that later work and the server's own requests need. */
export function behalfOf({ caller, subscription, names, origin }: ControlCall): Behalf {
  return { caller, subscription, names, ...origin };
}

/** The services that operations use. */
export interface ControlServices {
  readonly rulebook: Rulebook;
  readonly recent: Recent;
  readonly profile: RuleProfile;
  /** The range from which public IP addresses are taken (IPv4, CIDR). */
  readonly publicAddressPool: string;
  /** The names, in lower case, of the collectors that diagnostic settings may name. */
  readonly collectors: readonly string[];
  /** Whether answers are normalized as Azure does, instead of returning what was sent. */
  readonly azureNormalization: boolean;
  readonly objects: VaultObjects;
  /** Reads a secret as the template deployment service, through the vault's firewall and with a record in its log. */
  readonly readSecret: (asked: SecretRequest) => Promise<SecretRead>;
  /** The store without a request's requirements, for work that continues after the answer. */
  readonly store: Store;
  readonly inner: Inner;
  readonly longRunning: Pick<LongRunning, 'settled' | 'closing'>;
  readonly evaluate: Evaluate;
  /** Tells requests that wait when networks have changed. */
  readonly networkWatch: NetworkWatch;
  /** `undefined` if the configuration has no listener for gateways on other hosts. */
  readonly gatewayListener: GatewayListener | undefined;
  /** The time now, in milliseconds since 1970. */
  readonly now: () => number;
}

/** The answer of an operation and, where it changes something, the change. */
export interface ControlOutcome {
  readonly answer: Answer;
  readonly change?: Transaction;
  /** The service principals that the change creates, updates and deletes: each has a record in the directory's log. */
  readonly principals?: readonly PrincipalChange[];
  /** The long-running operation that the answer announces. */
  readonly accepted?: Accepted;
  readonly recordedAs?: RecordedAs | undefined;
  /** The read continues one that was recorded, and has no record of its own. */
  readonly unrecorded?: true;
}

/** The fields of the vault's audit record that differ from the operation's card. */
export interface RecordedAs {
  readonly operationName: string;
  /** ARM id of the vault, if the path does not name it. */
  readonly resourceId?: string;
}

export function answer(status: number, body?: unknown): { readonly answer: Answer } {
  return { answer: { status, body } };
}

/** An operation's refusal, with the fields that it sets in the audit record. */
export class OperationRefused extends Refused<ControlRefusal> {
  readonly recordedAs: RecordedAs | undefined;

  constructor(refusal: ControlRefusal, recordedAs: RecordedAs | undefined) {
    super(refusal);
    this.recordedAs = recordedAs;
  }
}

/** @throws {Refused} always */
export function refuse(refusal: ControlRefusal, recordedAs?: RecordedAs): never {
  throw new OperationRefused(refusal, recordedAs);
}

/** @throws {Refused} the refusal, if there is one */
export function refuseIf(refusal: ControlRefusal | undefined, recordedAs?: RecordedAs): void {
  if (refusal !== undefined) refuse(refusal, recordedAs);
}

/**
 * The result of the rules of resources.
 * @throws {Refused} their refusal
 */
export function orRefuse<T>(outcome: ResourceOutcome<T>, recordedAs?: RecordedAs): T {
  return outcome.ok ? outcome.value : refuse(outcome.refusal, recordedAs);
}

/**
 * Refuses a request that breaks the rule in `message`.
 * @throws {Refused} always
 */
export function badRequest(message: string): never {
  return refuse({ kind: 'badRequest', message });
}

/**
 * Refuses a request for a resource that its group does not have.
 * @throws {Refused} always
 */
export function resourceNotFound(type: string, name: string, { resourceGroup }: Pick<Place, 'resourceGroup'>): never {
  return refuse({ kind: 'resourceNotFound', type, name, resourceGroup });
}

/**
 * The `tags` of a request body.
 * @throws {Refused} for a tag whose value is an object
 */
export function tagsOf(body: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return orRefuse(tagsOfBody(body));
}

/** Every answer of a vault has its region in a header, so only characters that a header may have are accepted. */
const regionName = /^[A-Za-z0-9][A-Za-z0-9 ()-]{0,89}$/;

/**
 * The `location` of a request body; `undefined` if it has none.
 * @throws {Refused} for a location that cannot be the name of a region
 */
export function readLocation({ location }: Readonly<Record<string, unknown>>): string | undefined {
  if (location === undefined || location === null || location === '') return undefined;
  if (typeof location === 'string' && regionName.test(location)) return location;
  const found = JSON.stringify(location).slice(0, 100);
  const rule = 'give at most 90 letters, digits and spaces, for example "westeurope"';
  return badRequest(`The location ${found} is not a region: ${rule}.`);
}

export const locationMissing: ControlRefusal = {
  kind: 'badRequest',
  message: 'The \'location\' property is required: give the region, for example "westeurope".',
};

/**
 * Checks the conditions of a request (RFC 9110 sections 13.1.1 and 13.1.2): `If-Match` needs the current ETag, or with
 * `*` any resource, and `If-None-Match: *` needs that the resource does not exist. `etag` is the current one, `undefined`
 * for a resource that does not exist.
 * @throws {Refused} if they are not met
 */
export function checkConditions(
  { conditions: { ifMatch, ifNoneMatch }, path }: Pick<ControlCall, 'conditions' | 'path'>,
  etag: string | undefined,
  recordedAs?: RecordedAs,
): void {
  const isMet =
    (ifMatch === undefined || isNamedIn(ifMatch, etag)) && (ifNoneMatch === undefined || !isNamedIn(ifNoneMatch, etag));
  if (!isMet) refuse({ kind: 'preconditionFailed', id: path }, recordedAs);
}

function isNamedIn(condition: string, etag: string | undefined): boolean {
  if (etag === undefined) return false;
  return condition.split(',').some((one) => one.trim() === '*' || one.trim() === etag);
}
