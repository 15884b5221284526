import { bySwitches } from '../access/access-policies.ts';
import { auditRecord } from '../audit/record.ts';
import { isServerError, refusalOf, Refused } from '../edge/edge.ts';
import type { Done, Edge, EdgeRequest, Failed } from '../edge/edge.ts';
import { answerOwn, ownConnection } from '../edge/own-request.ts';
import { Steps } from '../edge/steps.ts';
import type { Known } from '../edge/steps.ts';
import type { Turns } from '../edge/turns.ts';
import { decide } from '../firewall/decide.ts';
import { explain, matchedRule } from '../firewall/explain.ts';
import { switchesFor } from '../firewall/trust.ts';
import { memberOf } from '../http/request.ts';
import { isObjectName, isVersionId, vaultScope } from '../objects/object.ts';
import { getVersion } from '../objects/read.ts';
import type { Rulebook, VaultInForce } from '../rulebook/rulebook.ts';
import type { Reading } from '../store/records.ts';
import { servicesTenant } from '../types/caller.ts';
import type { Caller } from '../types/caller.ts';
import type { Operation } from '../types/operation.ts';
import type { SecretRequest, SecretRead } from '../types/secret-reference.ts';
import type { Source } from '../types/source.ts';
import type { Verdict } from '../types/verdict.ts';
import { renderError } from './errors.ts';
import { orRefuse } from './operation.ts';
import { firewallRefusal, vaultOf } from './pipeline.ts';
import type { Refusal } from './refusal.ts';

interface ReferenceServices {
  readonly turns: Turns;
  readonly rulebook: Rulebook;
  /** How long a deletion or recovery takes. */
  readonly transitionMs: number;
  readonly now: () => number;
}

interface ReferenceRequest extends EdgeRequest {
  readonly atMs: number;
  /** In lower case. */
  readonly vaultName: string;
  readonly asked: SecretRequest;
}

interface Admitted {
  readonly vault: VaultInForce;
  readonly firewall: Verdict;
}

type KnownSoFar = Known<ReferenceRequest, Partial<Admitted>>;

const operation: Operation = { name: 'SecretGet', permission: 'secrets/get' };

/**
 * The template deployment service, as its tokens of the services' tenant identify it. Microsoft does not publish its
 * object id, so this has the application id twice.
 */
const service: Caller = Object.freeze({
  issuer: `https://sts.windows.net/${servicesTenant}/`,
  issuerClass: 'services',
  tenant: servicesTenant,
  objectId: '797f4846-ba00-4fd7-ba43-dac1f8f63013',
  applicationId: '797f4846-ba00-4fd7-ba43-dac1f8f63013',
  groups: [],
  managedIdentity: undefined,
  usedBy: undefined,
  audience: 'https://vault.azure.net',
  notBefore: 0,
  expiresAt: 0,
  claims: {},
});

const switches = switchesFor(service, operation.permission);

/**
 * The read comes from this server itself. No IP rule can contain a loopback address, so only the bypass for trusted
 * services or an open firewall allows it, wherever the caller of the deployment is.
 */
const source: Source = { kind: 'public', address: { family: 4, value: 0x7f00_0001, text: '127.0.0.1' } };

/**
 * The steps of a read for a deployment: the vault's firewall, then `enabledForTemplateDeployment` instead of an access
 * policy or a role (network-security.md; "Use Azure Key Vault to pass secure parameter value").
 */
export const referenceSteps = Steps.of<ReferenceRequest, ReferenceServices>()
  .step('vault', vaultOf)
  .step('firewall', ({ vault }) => decide(vault.firewall, source, service, operation), firewallRefusal)
  .step(
    'permission',
    ({ vault }) => bySwitches(switches, vault.properties),
    (access): Refusal | undefined =>
      access?.allowed === true ? undefined : { kind: 'deniedToService', vaultSwitch: 'enabledForTemplateDeployment' },
  );

const referenceEdge: Edge<ReferenceRequest, ReferenceServices, Admitted> = {
  steps: referenceSteps,
  requirements: ({ vault }) => (vault === undefined ? [] : [vault.requirement]),
  work,
  failed,
  async renew(_key, { request }, { rulebook }) {
    await rulebook.load(request.vaultName);
  },
};

/**
 * Reads a secret for the parameters of a deployment, as the trusted service "Azure Resource Manager template deployment",
 * with a record in the vault's log.
 *
 * @throws {AuditUnavailable} when the record cannot be written; nothing is disclosed
 * @throws {Unreadable} and any other error of the server
 */
export async function readSecretForDeployment(asked: SecretRequest, services: ReferenceServices): Promise<SecretRead> {
  const request = {
    requestId: asked.correlationId,
    connection: ownConnection,
    atMs: services.now(),
    vaultName: (asked.vaultId.split('/').at(-1) ?? '').toLowerCase(),
    asked,
  };
  const asking = { edge: referenceEdge, services, request };
  const { status, body } = await answerOwn(services.turns, asking, (error) => isServerError(refusalOf(error)));
  if (status === 200) return { ok: true, value: String(memberOf(body, 'value')) };
  return { ok: false, status, message: String(memberOf(memberOf(body, 'error'), 'message')) };
}

function* work({ request, ...known }: Known<ReferenceRequest, Admitted>, services: ReferenceServices): Reading<Done> {
  const { secretName: name, secretVersion: version } = request.asked;
  if (!isObjectName(name) || (version !== undefined && !isVersionId(version))) {
    throw new Refused<Refusal>({ kind: 'objectNotFound', collection: 'secrets', name: name.slice(0, 127) });
  }
  const { transitionMs, now } = services;
  const scope = vaultScope(known.vault, { transitionMs, nowMs: now(), require: [known.vault.requirement] });
  const { current } = orRefuse(yield* getVersion(scope, 'secrets', { name, version })).value;
  if (!current.attributes.enabled) throw new Refused<Refusal>({ kind: 'objectDisabled', collection: 'secrets' });
  const answer = { status: 200, body: { value: current.value } };
  return { answer, records: [recordOf({ request, ...known }, { status: 200, nowMs: now() })] };
}

function failed(error: unknown, known: KnownSoFar, { now }: ReferenceServices): Failed {
  const { request, vault } = known;
  const context = { source, vault, caller: service, encodedTokenHeader: '', acceptedIssuers: [] };
  const { status, message, body } = renderError(refusalOf<Refusal>(error), {
    ...context,
    origin: request.asked.origin,
  });
  const records = vault === undefined ? [] : [recordOf({ ...known, vault }, { status, message, nowMs: now() })];
  return { answer: { status, body }, records, caller: service };
}

function recordOf(
  { request, vault, firewall: verdict }: KnownSoFar & Pick<Admitted, 'vault'>,
  { status, message, nowMs }: { readonly status: number; readonly message?: string; readonly nowMs: number },
) {
  const { atMs, asked } = request;
  const { origin, secretName, secretVersion } = asked;
  const settings = vault.firewallSettings;
  return auditRecord({
    at: atMs,
    durationMs: nowMs - atMs,
    operationName: operation.name,
    apiVersion: '7.0',
    resourceId: vault.id,
    status,
    ...(message !== undefined && { message }),
    source,
    caller: service,
    ...(verdict !== undefined && {
      verdict,
      rule: matchedRule(verdict, settings),
      explanation: explain({
        verdict,
        settings,
        source,
        caller: service,
        operation,
        trust: vault.firewall.posture.trust,
      }),
    }),
    correlationId: asked.correlationId,
    requestUri: undefined,
    objectId: `${origin}/secrets/${secretName}${secretVersion === undefined ? '' : `/${secretVersion}`}`,
  });
}
