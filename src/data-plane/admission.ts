import { authorize } from '../access/access-policies.ts';
import { dataActionOf } from '../access/data-actions.ts';
import { authorizeRbac } from '../access/role-assignments.ts';
import { admit as admitCaller, clockSkewSeconds } from '../caller/admit.ts';
import type { Verifier } from '../caller/verify.ts';
import { decide } from '../firewall/decide.ts';
import type { NameSet } from '../http/name-set.ts';
import { bearerToken, pathOf } from '../http/request.ts';
import type { AuthorizationInForce, Rulebook, VaultInForce } from '../rulebook/rulebook.ts';
import { Conflict } from '../store/store.ts';
import type { Requirement, Store } from '../store/store.ts';
import type { Caller } from '../types/caller.ts';
import type { Source, SubnetSource } from '../types/source.ts';
import type { AccessVerdict, Verdict } from '../types/verdict.ts';
import type { Admitted, Exchange } from './exchange.ts';
import type { OperationCard } from './operation.ts';
import { memberOf } from '../http/parameters.ts';
import { otherMethod } from './method.ts';
import { Refused } from './refusal.ts';

/** Azure's global name for a vault's resource, which applications ask tokens for, and its application id. */
const globalAudiences = ['https://vault.azure.net', 'cfa8b339-82a2-471a-a3c9-0fc0be7a4093'];

const apiVersions =
  /^(?:2015-06-01|2016-10-01|7\.[0-6](?:-preview(?:\.\d{1,2})?)?|2025-0[67]-01(?:-preview)?|2026-04-01)$/;

export interface AdmissionWorld {
  readonly store: Store;
  readonly rulebook: Rulebook;
  readonly verifier: Verifier;
  /** What the tokens of issuers that the operator added may be for, beside the vault's own names. */
  readonly externalAudiences: readonly string[];
  readonly now: () => number;
}

/**
 * The order of a data-plane request up to its body, Azure's (authentication.md, "Key Vault authentication flow"): each
 * row ends the request with its own refusal. A missing token is answered before the firewall, for clients learn tenant
 * and resource from that answer; a permission is asked for after it.
 *
 * @throws {Refused} with what the request is refused for
 * @throws {Conflict} when the rules changed meanwhile and the request must be admitted anew
 */
export async function admit(exchange: Exchange, world: AdmissionWorld): Promise<Admitted> {
  const vault = (exchange.vault = await vaultOf(exchange, world.rulebook));
  const authorization = await authorizationOf(vault, world.rulebook);
  const card = operationOf(exchange);
  exchange.apiVersion = apiVersionOf(exchange);
  const token = bearerOf(exchange);
  const caller = (exchange.caller = await callerOf(token, { exchange, vault, world }));
  // The rules may have been replaced, and given back, while the token was verified: from here on nothing is awaited.
  if (world.rulebook.known(exchange.vaultName) !== vault) throw new Conflict(vault.requirement.key);
  const { source, require } = inForce(exchange.source, vault, world.rulebook);
  if (authorization !== undefined) require.push(authorization.requirement);
  const verdict = (exchange.verdict = decide(vault.firewall, source, caller, card));
  if (!verdict.allowed) await refuse(firewallRefusal(verdict), require, world.store);
  const resource = resourceOf(vault, card, exchange);
  const access = (exchange.access = permit(vault, caller, { card, authorization, resource }));
  if (!access.allowed) await refuse(accessRefusal(access, card, resource), require, world.store);
  return { vault, card, require };
}

async function vaultOf({ vaultName }: Exchange, rulebook: Rulebook): Promise<VaultInForce> {
  const vault = rulebook.known(vaultName) ?? (await rulebook.load(vaultName));
  if (vault === undefined) throw new Refused({ kind: 'vaultNotFound', name: vaultName });
  return vault;
}

function operationOf({ card, otherMethods: allowed, request }: Exchange): OperationCard {
  const named = otherMethod(request.raw);
  if (named !== undefined) {
    const message =
      `The header X-HTTP-Method names '${named.slice(0, 64)}' on a request of the method ${request.method}; only a POST ` +
      'may have it, and it may name PATCH or DELETE.';
    throw new Refused({ kind: 'badParameter', message });
  }
  if (card !== undefined) return card;
  const asked = { method: request.method, path: pathOf(request.url).slice(0, 200) };
  if (allowed.length > 0) throw new Refused({ kind: 'methodNotAllowed', ...asked, allowed });
  throw new Refused({ kind: 'operationNotFound', ...asked });
}

function apiVersionOf({ request }: Exchange): string {
  const version = memberOf(request.query, 'api-version');
  if (version === undefined) throw new Refused({ kind: 'apiVersionMissing' });
  if (typeof version === 'string' && apiVersions.test(version)) return version;
  throw new Refused({
    kind: 'apiVersionUnknown',
    found: typeof version === 'string' ? version.slice(0, 64) : 'more than one',
  });
}

function bearerOf({ request }: Exchange): string {
  const token = bearerToken(request.headers);
  if (token === undefined) throw new Refused({ kind: 'bearerMissing' });
  return token;
}

async function callerOf(
  token: string,
  known: { readonly exchange: Exchange; readonly vault: VaultInForce; readonly world: AdmissionWorld },
): Promise<Caller> {
  const { exchange, vault, world } = known;
  let caller = world.verifier.verifyCached(token);
  if (caller === undefined) {
    const verification = await world.verifier.verify(token);
    if (!verification.ok) throw new Refused(verification.refusal);
    caller = verification.caller;
  }
  const admission = admitCaller(caller, {
    tenant: vault.properties.tenantId,
    services: true,
    audiences: audiencesOf(exchange.names),
    externalAudiences: world.externalAudiences,
    now: world.now(),
    skewSeconds: clockSkewSeconds,
  });
  if (!admission.ok) throw new Refused(admission.refusal);
  return caller;
}

/**
 * The source as it counts now, and whose word that is. A subnet that is gone, or whose endpoint was switched off, proves
 * nothing any more, though its connection may live a moment longer. What is gone never comes back: a subnet that is made
 * anew is another incarnation.
 */
function inForce(
  source: Source,
  vault: VaultInForce,
  rulebook: Rulebook,
): { readonly source: Source; readonly require: Requirement[] } {
  if (source.kind !== 'subnet') return { source, require: [vault.requirement] };
  const subnet = rulebook.subnet(source.incarnation);
  if (subnet === undefined) {
    // One that is not known here may have been made on another node: that it does not exist is required.
    const require = [vault.requirement, rulebook.noSubnet(source.incarnation)];
    return { source: unproved(source, 'does not exist any more'), require };
  }
  const require = [vault.requirement, subnet.requirement];
  if (!subnet.serviceEndpoint) return { source: unproved(source, 'has its service endpoint switched off'), require };
  return { source, require };
}

function unproved({ subnet }: SubnetSource, state: string): Source {
  return { kind: 'unknown', reason: `the subnet ${subnet} ${state}` };
}

/** The role assignments that a vault leaves its data plane to; `undefined` for one with access policies. */
async function authorizationOf(vault: VaultInForce, rulebook: Rulebook): Promise<AuthorizationInForce | undefined> {
  if (vault.access !== 'rbac') return undefined;
  const { subscriptionId } = vault;
  return rulebook.authorization(subscriptionId) ?? (await rulebook.loadAuthorization(subscriptionId));
}

function permit(
  vault: VaultInForce,
  caller: Caller,
  asked: {
    readonly card: OperationCard;
    readonly authorization: AuthorizationInForce | undefined;
    readonly resource: string;
  },
): AccessVerdict {
  if (vault.access !== 'rbac') return authorize(vault.access, caller, asked.card.permission);
  // A vault whose subscription is gone lets nobody in.
  if (asked.authorization === undefined) return { allowed: false, because: 'noRoleAssignment' };
  return authorizeRbac(asked.authorization.compiled, caller, {
    kind: 'dataAction',
    name: dataActionOf(asked.card).key,
    scope: asked.resource,
  });
}

/** What a role must be assigned at or above: the single object that a request names, or else the vault. Lower case. */
function resourceOf({ scope }: VaultInForce, card: OperationCard, { request }: Exchange): string {
  const name = memberOf(request.params, 'name');
  if (typeof name !== 'string' || !dataActionOf(card).ofObject) return scope;
  const { permission } = card;
  return `${scope}/${permission.slice(0, permission.indexOf('/'))}/${name.toLowerCase()}`;
}

/**
 * A refusal, too, must be on the word of rules that are in force: if they are not any more, the request is decided anew.
 * @throws {Refused} @throws {Conflict}
 */
export async function refuse(refusal: Refused, require: readonly Requirement[], store: Store): Promise<never> {
  await store.read({ require, get: [] });
  throw refusal;
}

function firewallRefusal(verdict: Extract<Verdict, { allowed: false }>): Refused {
  if (verdict.because === 'publicNetworkAccessDisabled') return new Refused({ kind: 'deniedByConnection' });
  return new Refused({ kind: 'deniedByFirewall', because: verdict.because });
}

function accessRefusal(
  access: Extract<AccessVerdict, { allowed: false }>,
  card: OperationCard,
  resource: string,
): Refused {
  if (access.because === 'noAccessPolicy') return new Refused({ kind: 'deniedByAccessPolicy', operation: card });
  return new Refused({ kind: 'deniedByRbac', action: dataActionOf(card).name, resource });
}

const audiences = new WeakMap<NameSet, readonly string[]>();

function audiencesOf(names: NameSet): readonly string[] {
  let known = audiences.get(names);
  if (known === undefined) audiences.set(names, (known = [names.vaultResource, ...globalAudiences]));
  return known;
}
