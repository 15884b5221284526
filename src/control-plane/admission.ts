import { admit, clockSkewSeconds } from '../caller/admit.ts';
import type { NameSet } from '../http/name-set.ts';
import { memberOf } from '../http/parameters.ts';
import { bearerToken } from '../http/request.ts';
import { subscriptionKey } from '../resources/keys.ts';
import { Conflict, decode } from '../store/store.ts';
import type { Caller } from '../types/caller.ts';
import type { SubscriptionRecord } from '../types/resource-group.ts';
import { authorizeControl } from './authorize.ts';
import type { ControlAdmitted } from './authorize.ts';
import type { ControlExchange, ControlRequest } from './exchange.ts';
import type { ControlOperation } from './operation.ts';
import { ControlRefused } from './refusal.ts';
import type { ControlPlaneWorld } from './world.ts';

/** The names that applications know the resource manager's resource by, wherever they stand. */
const globalAudiences = ['https://management.azure.com', 'https://management.core.windows.net'];

/** How often a request is looked at anew because assignments or locks change, before it gives up with 409. */
const attemptsMax = 10;

/**
 * The order of a control-plane request up to its body. The vault's firewall is not in it: "Key Vault firewalls and
 * virtual network rules only apply to the data plane".
 *
 * @throws {ControlRefused} with what the request is refused for
 */
export async function admitControl(exchange: ControlExchange, world: ControlPlaneWorld): Promise<void> {
  operationOf(exchange);
  exchange.apiVersion = apiVersionOf(exchange.request);
  // Before the token, as on Azure: the challenge names the tenant whose token is wanted.
  const subscription = (exchange.subscription = await subscriptionOf(exchange, world));
  const token = bearerOf(exchange.request);
  exchange.caller = await callerOf(token, exchange.names, { subscription, world });
  await admitted(exchange, world);
}

/**
 * On whose word an admitted request acts; found out anew when that has changed.
 * @throws {ControlRefused}
 */
export async function admitted(exchange: ControlExchange, world: ControlPlaneWorld): Promise<ControlAdmitted> {
  const { caller } = exchange;
  if (caller === undefined) throw new Error('a request was authorized before its caller was known');
  const operation = operationOf(exchange);
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    try {
      return (exchange.admitted ??= await authorizeControl(exchange, { operation, caller }, world));
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      await world.rulebook.changed([error.key]);
    }
  }
  throw new ControlRefused({ kind: 'tooManyConflicts' });
}

export function operationOf({ operation, request, path }: ControlExchange): ControlOperation {
  if (operation !== undefined) return operation;
  throw new ControlRefused({ kind: 'routeNotFound', method: request.method, path: path.slice(0, 500) });
}

export function apiVersionOf(request: Pick<ControlRequest, 'query'>): string {
  const version = memberOf(request.query, 'api-version');
  if (version === undefined) throw new ControlRefused({ kind: 'apiVersionMissing' });
  if (typeof version === 'string' && /^20\d\d-\d\d-\d\d(?:-preview)?$/.test(version)) return version;
  const found = typeof version === 'string' ? version : 'given twice';
  throw new ControlRefused({ kind: 'apiVersionUnknown', found: found.slice(0, 64) });
}

function bearerOf({ headers }: ControlRequest): string {
  const token = bearerToken(headers);
  if (token === undefined) throw new ControlRefused({ kind: 'bearerMissing' });
  return token;
}

async function subscriptionOf({ params }: ControlExchange, world: ControlPlaneWorld): Promise<SubscriptionRecord> {
  const id = params['subscriptionId'] ?? world.homeSubscription;
  // A key has printable ASCII only; an id that has anything else is no subscription's.
  const known = /^[0-9a-f-]{1,64}$/i.test(id);
  const [record] = known ? await world.store.read({ get: [subscriptionKey(id)] }) : [];
  if (record === undefined) throw new ControlRefused({ kind: 'subscriptionNotFound', id });
  return decode<SubscriptionRecord>(record);
}

async function callerOf(
  token: string,
  names: NameSet,
  { subscription, world }: { readonly subscription: SubscriptionRecord; readonly world: ControlPlaneWorld },
): Promise<Caller> {
  const verification = await world.verifier.verify(token);
  if (!verification.ok) throw new ControlRefused(verification.refusal);
  const audiences = [names.resourceManager, ...globalAudiences].flatMap((audience) => [audience, `${audience}/`]);
  const admission = admit(verification.caller, {
    tenant: subscription.tenantId,
    services: false,
    audiences,
    externalAudiences: world.externalAudiences,
    now: world.now(),
    skewSeconds: clockSkewSeconds,
  });
  if (!admission.ok) throw new ControlRefused(admission.refusal);
  return verification.caller;
}
