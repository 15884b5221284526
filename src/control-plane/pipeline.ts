import { admit, clockSkewSeconds } from '../caller/verify.ts';
import type { Verifier } from '../caller/verify.ts';
import { jsonObjectOrRefuse, queryOrRefuse, readBodyOrRefuse } from '../edge/body-and-query.ts';
import type { BodyFault } from '../edge/body-and-query.ts';
import type { ChangeQueues, QueuePlace } from '../edge/change-queues.ts';
import { Steps } from '../edge/steps.ts';
import type { Known } from '../edge/steps.ts';
import type { NameSet } from '../http/host.ts';
import { bearerToken, memberOf, parseJsonBody } from '../http/request.ts';
import { isResourceGroupName, resourceGroupKey, subscriptionKey } from '../resources/keys.ts';
import { readAtOnce } from '../store/records.ts';
import type { Stored } from '../store/records.ts';
import type { Requirement } from '../store/store.ts';
import type { Caller } from '../types/caller.ts';
import type { ResourceGroupRecord, SubscriptionRecord } from '../types/resource-group.ts';
import type { ControlOperation, ControlServices } from './operation.ts';
import {
  accessIn,
  authorizationOf,
  lockOf,
  lockRefusal,
  permissionOf,
  permissionRefusal,
  requirementsOf,
} from './access.ts';
import type { Admitted, After, OfToken, Opened } from './access.ts';
import { refuse } from './operation.ts';
import type { ControlRefusal } from './refusal.ts';
import type { ControlRequest, OwnRequest, SentRequest } from './request.ts';

/** Azure's own names of the resource manager, which clients ask tokens for in every cloud. */
const globalAudiences = ['https://management.azure.com', 'https://management.core.windows.net'];

/** Fits a vault with the most rules; a deployment template of Azure may have 4 MiB. */
const bodyBytesMax = 4_194_304;

/** The services that the steps use. */
export interface StepServices extends Pick<ControlServices, 'store' | 'rulebook' | 'now'> {
  readonly verifier: Verifier;
  /** More audiences that tokens of external issuers may have, besides our own names. */
  readonly externalAudiences: readonly string[];
  /** The subscription for a path that does not name one. */
  readonly homeSubscription: string;
  /**
   * Runs the changes of a subscription one after the other: they depend on each other (a rule on a subnet, a vault on
   * its group), and are few.
   */
  readonly changes: ChangeQueues;
}

/**
 * The order of a request to the resource manager. The subscription comes before the token, as on Azure: the challenge
 * names the tenant that must issue the token. The vault's firewall is not in it: "Key Vault firewalls and virtual
 * network rules only apply to the data plane". No byte of a body is read before the request is admitted, and because a
 * body may take minutes to arrive, all steps are decided again afterwards.
 */
export const sentSteps = queued(
  admission(
    Steps.of<SentRequest, StepServices>()
      .step('operation', operationOf)
      .step('apiVersion', apiVersionOf)
      .step('subscription', subscriptionOf)
      .step('token', bearerOf)
      .step('tokenKeys', tokenKeysOf)
      .step('caller', callerOf),
  ).once('bytes', bytesOf),
);

/** The order of the server's own requests. The caller's token was verified when the work was requested. */
const behalfSteps = admission(
  Steps.of<OwnRequest, StepServices>()
    .step('apiVersion', apiVersionOf)
    .step('subscription', subscriptionOfBehalf)
    .step('operation', operationOf)
    .step('caller', callerOfBehalf)
    .step('bytes', ownBytesOf),
);

export const ownSteps = queued(behalfSteps);

/** The order of a trial: it does not wait for other changes, and they do not wait for it. */
export const trialSteps = behalfSteps.step('body', bodyOf).step('query', queryOf);

/** The steps that admit a request: whether the caller may do it, and whether a lock forbids it. */
function admission<R extends ControlRequest, F extends Opened>(opened: Steps<R, StepServices, F>) {
  return opened
    .step('authorization', authorizationOf)
    .step('permission', permissionOf, permissionRefusal)
    .step('lock', lockOf, lockRefusal)
    .step('access', accessIn);
}

/** The steps that follow once the earlier changes of the subscription have ended. */
function queued<R extends ControlRequest, F extends Admitted>(admittedSteps: Steps<R, StepServices, F>) {
  return admittedSteps
    .once('queue', enterQueue)
    .step('body', bodyOf)
    .step('query', queryOf)
    .step('group', groupOf, groupRefusal);
}

/** The facts about a request after all steps, whichever way it came. */
export type Ready = Known<ControlRequest, Admitted & Asked & OfToken>;

/** The facts about a request that may have failed at any step. */
export type KnownSoFar = Known<
  ControlRequest,
  Partial<Admitted & Asked> & OfToken & { readonly queue?: QueuePlace | undefined }
>;

interface Asked {
  readonly body: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, string>>;
}

/** The operation that method and path name. */
function operationOf({ request: { operation, method, path } }: After): ControlOperation {
  return operation ?? refuse({ kind: 'routeNotFound', method, path: path.slice(0, 500) });
}

/** The version of Azure's API that the client speaks; it has no default. */
export function apiVersionOf({ request }: After): string {
  const version = memberOf(request.query, 'api-version');
  if (version === undefined) return refuse({ kind: 'apiVersionMissing' });
  if (typeof version === 'string' && /^20\d\d-\d\d-\d\d(?:-preview)?$/.test(version)) return version;
  const found = typeof version === 'string' ? version : 'given twice';
  return refuse({ kind: 'apiVersionUnknown', found: found.slice(0, 64) });
}

/** The subscription that the path names, or else the home subscription. */
function subscriptionOf(
  { request: { params } }: After,
  { homeSubscription, store }: StepServices,
): SubscriptionRecord | Promise<SubscriptionRecord> {
  const id = params['subscriptionId'] ?? homeSubscription;
  const found = (record: Stored<SubscriptionRecord> | undefined) =>
    record?.value ?? refuse({ kind: 'subscriptionNotFound', id });
  // Keys have only printable ASCII; an id with any other character belongs to no subscription.
  if (!/^[0-9a-f-]{1,64}$/i.test(id)) return found(undefined);
  const read = readAtOnce(store, { get: [subscriptionKey(id)] });
  return read instanceof Promise ? read.then(([record]) => found(record)) : found(read[0]);
}

/** The subscription of the request that caused the work, which is the only one that the path may name. */
function subscriptionOfBehalf({ request: { behalf, params } }: After<never, OwnRequest>): SubscriptionRecord {
  const { subscription } = behalf;
  const { subscriptionId: id } = params;
  const isOther = id !== undefined && id.toLowerCase() !== subscription.subscriptionId.toLowerCase();
  return isOther ? refuse({ kind: 'subscriptionNotFound', id }) : subscription;
}

/** The bearer token as it came. */
function bearerOf({ request }: After): string {
  return bearerToken(request.headers) ?? refuse({ kind: 'bearerMissing' });
}

/** The state of the keys that tokens are verified with. What they verify is decided again when it has changed. */
function tokenKeysOf(_known: After, { verifier }: StepServices): readonly Requirement[] {
  return verifier.requirements();
}

/** The caller of the token, which must be valid, for the resource manager and from the subscription's tenant. */
function callerOf(
  known: After<'subscription'> & { readonly token: string },
  services: StepServices,
): Caller | Promise<Caller> {
  const cached = services.verifier.verifyCached(known.token);
  if (cached !== undefined) return admitted(cached, known, services);
  return services.verifier
    .verify(known.token)
    .then((verification) =>
      verification.ok ? admitted(verification.caller, known, services) : refuse(verification.refusal),
    );
}

function callerOfBehalf({ request }: After<never, OwnRequest>): Caller {
  return request.behalf.caller;
}

function admitted(
  caller: Caller,
  { request, subscription }: After<'subscription'>,
  { externalAudiences, now }: StepServices,
): Caller {
  const verdict = admit(caller, {
    tenant: subscription.tenantId,
    services: false,
    audiences: audiencesOf(request.names),
    externalAudiences,
    now: now(),
    skewSeconds: clockSkewSeconds,
  });
  return verdict.ok ? caller : refuse(verdict.refusal);
}

function audiencesOf(names: NameSet): readonly string[] {
  return [names.resourceManager, ...globalAudiences].flatMap((audience) => [audience, `${audience}/`]);
}

/** The body as it came; `undefined` for none. The body of a GET is ignored. */
function bytesOf({ request }: After<never, SentRequest>): Buffer | undefined | Promise<Buffer | undefined> {
  return isRead(request) ? undefined : readBodyOrRefuse(request.raw, bodyBytesMax, bodyRefusals);
}

function ownBytesOf({ request }: After<never, OwnRequest>): Buffer | undefined {
  return request.bytes;
}

function isRead({ method }: ControlRequest): boolean {
  return method === 'GET' || method === 'HEAD';
}

const bodyRefusals: Readonly<Record<BodyFault, ControlRefusal>> = {
  tooLarge: { kind: 'bodyTooLarge', limit: bodyBytesMax },
  notWellFormed: { kind: 'mediaTypeMalformed' },
  cutOff: { kind: 'bodyNotJson' },
};

/** The place of a change behind the earlier ones of the subscription; `undefined` for a read. */
function enterQueue(
  { request, subscription }: After<'subscription'>,
  { changes }: StepServices,
): QueuePlace | undefined | Promise<QueuePlace> {
  return isRead(request) ? undefined : changes.enter(subscription.subscriptionId);
}

/** The body's JSON, an object within the bounds of `json/`; `{}` for an empty body. */
function bodyOf({ operation, bytes }: After<'operation' | 'bytes'>): Readonly<Record<string, unknown>> {
  return jsonObjectOrRefuse((operation.parseBody ?? parseJsonBody)(bytes));
}

/** The query's parameters by name; none may be given twice. */
function queryOf({ request }: After): Readonly<Record<string, string>> {
  return queryOrRefuse(request.query, givenTwice);
}

function givenTwice(name: string): ControlRefusal {
  return { kind: 'badRequest', message: `The query parameter '${name}' is given more than once.` };
}

const withoutGroupCheck = new Set(['GET', 'HEAD', 'DELETE']);

/**
 * The resource group of a request that creates or changes something; `undefined` for a path without a group, a read or
 * a DELETE.
 */
function groupOf(
  known: After<'subscription' | 'authorization' | 'lock'>,
  { store }: StepServices,
): ResourceGroupRecord | undefined | Promise<ResourceGroupRecord | undefined> {
  const { method, params } = known.request;
  const { resourceGroup } = params;
  if (withoutGroupCheck.has(method) || resourceGroup === undefined || !isResourceGroupName(resourceGroup))
    return undefined;
  const key = resourceGroupKey({ subscriptionId: known.subscription.subscriptionId, resourceGroup });
  const read = readAtOnce(store, { require: requirementsOf(known), get: [key] });
  return read instanceof Promise ? read.then(([record]) => record?.value) : read[0]?.value;
}

/** Nothing is created or changed in a group that is being deleted. */
function groupRefusal(group: ResourceGroupRecord | undefined): ControlRefusal | undefined {
  return group?.deleting === undefined ? undefined : { kind: 'resourceGroupBeingDeleted', name: group.name };
}
