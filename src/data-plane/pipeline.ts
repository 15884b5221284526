import { authorize, bySwitches } from '../access/access-policies.ts';
import { dataActionOf } from '../access/data-actions.ts';
import { authorizeRbac } from '../access/role-assignments.ts';
import { admit as admitCaller, clockSkewSeconds } from '../caller/verify.ts';
import type { Verifier } from '../caller/verify.ts';
import { jsonOrRefuse, queryOrRefuse, readBodyOrRefuse } from '../edge/body-and-query.ts';
import type { BodyFault } from '../edge/body-and-query.ts';
import type { ChangeQueues, QueuePlace } from '../edge/change-queues.ts';
import { Refused } from '../edge/edge.ts';
import { Steps } from '../edge/steps.ts';
import type { AllKnown, SomeKnown } from '../edge/steps.ts';
import { decide } from '../firewall/decide.ts';
import { switchesFor } from '../firewall/trust.ts';
import type { NameSet } from '../http/host.ts';
import { bearerToken, memberOf, parseJsonBody, pathOf } from '../http/request.ts';
import type { AuthorizationInForce, Rulebook, VaultInForce } from '../rulebook/rulebook.ts';
import { Conflict, type Requirement } from '../store/store.ts';
import type { Caller } from '../types/caller.ts';
import type { Source, SubnetSource } from '../types/source.ts';
import type { AccessVerdict, Verdict } from '../types/verdict.ts';
import { conflictingMethod } from './request.ts';
import type { VaultRequest } from './request.ts';
import { badParameter } from './operation.ts';
import type { OperationCard } from './operation.ts';
import type { Refusal } from './refusal.ts';
import type { Charge, Throttle } from './throttle.ts';

/** Azure's global name for all vaults, for which applications request tokens, and its application id. */
const globalAudiences = ['https://vault.azure.net', 'cfa8b339-82a2-471a-a3c9-0fc0be7a4093'];

/** The versions of the API that a vault accepts. */
export const apiVersions =
  /^(?:2015-06-01|2016-10-01|7\.[0-6](?:-preview(?:\.\d{1,2})?)?|2025-0[67]-01(?:-preview)?|2026-04-01)$/;

/** Enough for the largest bodies that a vault accepts, which are certificates and backups. */
const bodyBytesMax = 1_048_576;

export interface StepServices {
  readonly rulebook: Rulebook;
  readonly verifier: Verifier;
  /** The audiences that tokens of external issuers may have, besides the vault's own names. */
  readonly externalAudiences: readonly string[];
  /** `undefined` if the server has no limits. */
  readonly throttle: Throttle | undefined;
  /** Runs the changes of one object one after the other. */
  readonly changes: ChangeQueues;
  readonly now: () => number;
}

/**
 * The steps of a data-plane request, in Azure's order (authentication.md, "Key Vault authentication flow"). Each step may
 * end the request with its own refusal. A missing token is answered before the firewall decides, because clients learn
 * tenant and resource from that answer; the permission is checked after the firewall. No byte of the body is read before
 * all of this is decided, and because a body may take minutes to arrive, all of it is decided again afterwards.
 */
export const steps = Steps.of<VaultRequest, StepServices>()
  .step('vault', vaultOf)
  .step('authorization', authorizationOf)
  .step('operation', operationOf)
  .step('apiVersion', apiVersionOf)
  .step('token', bearerOf)
  .step('tokenKeys', tokenKeysOf)
  .step('caller', callerOf)
  .step('place', placeOf)
  .step('firewall', verdictOf, firewallRefusal)
  .step('permission', permissionOf, permissionRefusal)
  .once('bytes', bytesOf)
  .once('queue', enterQueue)
  .once('charge', chargeOf)
  .step('body', jsonOf)
  .step('query', queryOf);

/** The facts about a request to a vault after all steps. */
export type Admitted = AllKnown<typeof steps>;

/** The facts about a request that may have failed in a step. */
export type KnownSoFar = SomeKnown<typeof steps>;

/** The request itself, and the facts of earlier steps that a step needs. */
type After<Facts = unknown> = { readonly request: VaultRequest } & Facts;
type Vault = { readonly vault: VaultInForce };
type Authorization = { readonly authorization: AuthorizationInForce | undefined };
type TokenKeys = { readonly tokenKeys: readonly Requirement[] };
type OperationByCaller = { readonly operation: OperationCard; readonly caller: Caller };

/** The vault that the host names, with the rules in force. */
export function vaultOf(
  { request: { vaultName } }: { readonly request: Pick<VaultRequest, 'vaultName'> },
  { rulebook }: Pick<StepServices, 'rulebook'>,
): VaultInForce | Promise<VaultInForce> {
  return rulebook.known(vaultName) ?? loadVault(vaultName, rulebook);
}

async function loadVault(name: string, rulebook: Rulebook): Promise<VaultInForce> {
  const vault = await rulebook.load(name);
  if (vault === undefined) throw new Refused<Refusal>({ kind: 'vaultNotFound', name });
  return vault;
}

/** The role assignments that apply to the vault; `undefined` if it has access policies. */
function authorizationOf(
  { vault: { access, subscriptionId } }: After<Vault>,
  { rulebook }: StepServices,
): AuthorizationInForce | undefined | Promise<AuthorizationInForce | undefined> {
  if (access !== 'rbac') return undefined;
  return rulebook.authorization(subscriptionId) ?? rulebook.loadAuthorization(subscriptionId);
}

/** The operation at the method and path. A header must not name another method. */
function operationOf({ request }: After): OperationCard {
  const { card, allowedMethods: allowed, method, url } = request;
  const named = conflictingMethod(request.raw);
  if (named !== undefined) {
    badParameter(
      `The header X-HTTP-Method names '${named.slice(0, 64)}' on a request of the method ${method}; only a POST ` +
        'may have it, and it may name PATCH or DELETE.',
    );
  }
  if (card !== undefined) return card;
  const asked = { method, path: pathOf(url).slice(0, 200) };
  if (allowed.length > 0) throw new Refused<Refusal>({ kind: 'methodNotAllowed', ...asked, allowed });
  throw new Refused<Refusal>({ kind: 'operationNotFound', ...asked });
}

/** The version of Azure's API that the client speaks; it has no default. */
function apiVersionOf({ request }: After): string {
  const version = memberOf(request.query, 'api-version');
  if (version === undefined) throw new Refused<Refusal>({ kind: 'apiVersionMissing' });
  if (typeof version === 'string' && apiVersions.test(version)) return version;
  const found = typeof version === 'string' ? version.slice(0, 64) : 'more than one';
  throw new Refused<Refusal>({ kind: 'apiVersionUnknown', found });
}

/** The bearer token, which is not verified yet. */
function bearerOf({ request }: After): string {
  const token = bearerToken(request.headers);
  if (token === undefined) throw new Refused<Refusal>({ kind: 'bearerMissing' });
  return token;
}

/** The state of the keys that tokens are verified with. What they verify is decided again when it has changed. */
function tokenKeysOf(_known: After, { verifier }: StepServices): readonly Requirement[] {
  return verifier.requirements();
}

/** The caller in the token, if the token is valid, for vaults and from the vault's tenant. */
function callerOf(known: After<Vault & { readonly token: string }>, services: StepServices): Caller | Promise<Caller> {
  const { token } = known;
  const cached = services.verifier.verifyCached(token);
  if (cached !== undefined) return admitted(cached, known, services);
  return services.verifier.verify(token).then((verification) => {
    if (!verification.ok) throw new Refused<Refusal>(verification.refusal);
    return admitted(verification.caller, known, services);
  });
}

function admitted(caller: Caller, { request, vault }: After<Vault>, { externalAudiences, now }: StepServices): Caller {
  const admission = admitCaller(caller, {
    tenant: vault.properties.tenantId,
    services: true,
    audiences: audiencesOf(request.names),
    externalAudiences,
    now: now(),
    skewSeconds: clockSkewSeconds,
  });
  if (!admission.ok) throw new Refused<Refusal>(admission.refusal);
  return caller;
}

const audiences = new WeakMap<NameSet, readonly string[]>();

function audiencesOf(names: NameSet): readonly string[] {
  let known = audiences.get(names);
  if (known === undefined) audiences.set(names, (known = [names.vaultResource, ...globalAudiences]));
  return known;
}

/** The result of `placeOf`. */
interface PlaceInForce {
  readonly source: Source;
  readonly require: readonly Requirement[];
}

/**
 * The source that the request still proves, and the records that the decision depends on.
 *
 * A subnet that was deleted, or whose endpoint was switched off, no longer proves anything, although its connection may
 * live a moment longer. A deleted subnet never comes back: one that is created again has another incarnation.
 */
function placeOf(
  { request, vault, authorization, tokenKeys }: After<Vault & Authorization & TokenKeys>,
  { rulebook }: StepServices,
): PlaceInForce {
  // The rules may have been replaced, or dropped from memory, while the token was verified. The next steps await nothing.
  if (rulebook.known(request.vaultName) !== vault) throw new Conflict(vault.requirement.key);
  const require: Requirement[] = [vault.requirement, ...tokenKeys];
  if (authorization !== undefined) require.push(authorization.requirement);
  const { source } = request;
  if (source.kind !== 'subnet') return { source, require };
  const subnet = rulebook.subnet(source.incarnation);
  // A subnet that is not known here may exist on another node, so the decision requires that it does not exist.
  require.push(subnet?.requirement ?? rulebook.noSubnet(source.incarnation));
  if (subnet === undefined) return { source: unproved(source, 'does not exist any more'), require };
  if (!subnet.serviceEndpoint) return { source: unproved(source, 'has its service endpoint switched off'), require };
  return { source, require };
}

function unproved({ subnet }: SubnetSource, state: string): Source {
  return { kind: 'unknown', reason: `the subnet ${subnet} ${state}` };
}

/** The firewall's verdict: allowed or not, and why. */
function verdictOf({ vault, place, caller, operation }: Located): Verdict {
  return decide(vault.firewall, place.source, caller, operation);
}

/** The refusal for a verdict of the firewall that denies. */
export function firewallRefusal(verdict: Verdict): Refusal | undefined {
  if (verdict.allowed) return undefined;
  if (verdict.because === 'publicNetworkAccessDisabled') return { kind: 'deniedByConnection' };
  return { kind: 'deniedByFirewall', because: verdict.because };
}

type Located = After<Vault & OperationByCaller & { readonly place: PlaceInForce }>;
type Authorizable = After<Vault & OperationByCaller & Authorization>;

/** The access policy, role assignment or switch that allows the operation to the caller, or that there is none. */
function permissionOf({ request, vault, authorization, operation, caller }: Authorizable): AccessVerdict {
  const switched = bySwitches(switchesFor(caller, operation.permission), vault.properties);
  if (switched !== undefined) return switched;
  if (vault.access !== 'rbac') return authorize(vault.access, caller, operation.permission);
  // The subscription does not exist any more, so no role is assigned.
  if (authorization === undefined) return { allowed: false, because: 'noRoleAssignment' };
  const name = dataActionOf(operation).key;
  return authorizeRbac(authorization.compiled, caller, {
    kind: 'dataAction',
    name,
    scope: resourceOf(vault, operation, request),
  });
}

function permissionRefusal(access: AccessVerdict, { request, vault, operation }: Authorizable): Refusal | undefined {
  if (access.allowed) return undefined;
  if (access.because === 'vaultSwitch') return { kind: 'deniedToService', vaultSwitch: access.name };
  if (access.because === 'noAccessPolicy') return { kind: 'deniedByAccessPolicy', operation };
  const resource = resourceOf(vault, operation, request);
  return { kind: 'deniedByRbac', action: dataActionOf(operation).name, resource };
}

/** The scope at or above which a role must be assigned: the object that the request names, or the vault. Lower case. */
function resourceOf({ scope }: VaultInForce, card: OperationCard, { params }: VaultRequest): string {
  const name = params['name'];
  if (name === undefined || !dataActionOf(card).perObject) return scope;
  const { permission } = card;
  return `${scope}/${permission.slice(0, permission.indexOf('/'))}/${name.toLowerCase()}`;
}

/** The bytes of the body; `undefined` if there is none. The body of a GET is ignored. */
function bytesOf({ request }: After): Buffer | undefined | Promise<Buffer | undefined> {
  if (request.method === 'GET') return undefined;
  return readBodyOrRefuse(request.raw, bodyBytesMax, bodyRefusals);
}

const bodyRefusals: Readonly<Record<BodyFault, Refusal>> = {
  tooLarge: { kind: 'bodyTooLarge', limit: bodyBytesMax },
  notWellFormed: {
    kind: 'badParameter',
    message: 'The request body cannot be read: its Content-Type or Content-Length header is not well formed.',
  },
  cutOff: { kind: 'badParameter', message: 'The request body ended before all of it had arrived.' },
};

/** The place of a change behind earlier changes of the same object; `undefined` if the operation changes nothing. */
function enterQueue(
  { request, operation }: After<{ readonly operation: OperationCard }>,
  { changes }: StepServices,
): QueuePlace | undefined | Promise<QueuePlace> {
  if (operation.method === 'GET' || operation.changes === false) return undefined;
  return changes.enter(`${request.vaultName}/${request.params['name']?.toLowerCase() ?? ''}`);
}

/** The request's charge against the limits of the vault; `undefined` if the server has no limits. */
function chargeOf({ vault }: After<Vault>, { throttle }: StepServices): Charge | undefined {
  return throttle?.charge(vault);
}

/** The body's JSON, within the bounds of `json/`. */
function jsonOf({ bytes }: After<{ readonly bytes: Buffer | undefined }>): unknown {
  return jsonOrRefuse(parseJsonBody(bytes));
}

/** The query's parameters by name. None may be given twice. */
function queryOf({ request }: After): Readonly<Record<string, string>> {
  return queryOrRefuse(request.query, givenTwice);
}

function givenTwice(name: string): Refusal {
  return { kind: 'badParameter', message: `The query parameter '${name}' is given more than once.` };
}
