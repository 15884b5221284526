import type { Audit } from '../audit/audit.ts';
import { auditRecord } from '../audit/record.ts';
import { decide } from '../firewall/decide.ts';
import { explain } from '../firewall/explain.ts';
import { matchedRule } from '../firewall/matched-rule.ts';
import { vaultScope } from '../objects/object.ts';
import { getVersion } from '../objects/read.ts';
import type { Rulebook, VaultInForce } from '../rulebook/rulebook.ts';
import { readAlone } from '../store/reading.ts';
import { Conflict } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import { servicesTenant } from '../types/caller.ts';
import type { Caller } from '../types/caller.ts';
import type { Operation } from '../types/operation.ts';
import type { SecretAsked, SecretRead } from '../types/secret-reference.ts';
import type { Source } from '../types/source.ts';
import type { Verdict } from '../types/verdict.ts';
import { renderError } from './errors.ts';
import { firewallRefusal } from './pipeline.ts';
import type { Refusal } from './refusal.ts';

interface ReadWorld {
  readonly store: Store;
  readonly rulebook: Rulebook;
  readonly audit: Audit;
  /** How long a deletion or recovery takes. */
  readonly transitionMs: number;
  readonly now: () => number;
}

const operation: Operation = { name: 'SecretGet', permission: 'secrets/get' };

/** The template deployment service, as its tokens of the services' tenant name it; Microsoft publishes no object id of it. */
const service: Caller = Object.freeze({
  issuer: `https://sts.windows.net/${servicesTenant}/`,
  issuerClass: 'services',
  tenant: servicesTenant,
  objectId: '797f4846-ba00-4fd7-ba43-dac1f8f63013',
  applicationId: '797f4846-ba00-4fd7-ba43-dac1f8f63013',
  groups: [],
  managedIdentity: undefined,
  audience: 'https://vault.azure.net',
  notBefore: 0,
  expiresAt: 0,
  claims: {},
});

/**
 * The read comes from this server itself. Loopback is an address that no IP rule can contain, so that only the bypass for
 * trusted services or an open firewall lets it through, wherever the deploying caller is.
 */
const source: Source = { kind: 'public', address: { family: 4, value: 0x7f00_0001, text: '127.0.0.1' } };

const attemptsMax = 10;

/**
 * Reads a secret for the parameters of a deployment, as the trusted service "Azure Resource Manager template deployment":
 * through the vault's firewall, where `enabledForTemplateDeployment` stands in place of an access policy or a role, and
 * with a record in the vault's log (network-security.md; "Use Azure Key Vault to pass secure parameter value").
 *
 * @throws {AuditUnavailable} and nothing is disclosed
 */
export async function readSecretForDeployment(asked: SecretAsked, world: ReadWorld): Promise<SecretRead> {
  const name = (asked.vaultId.split('/').at(-1) ?? '').toLowerCase();
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const vault = world.rulebook.known(name) ?? (await world.rulebook.load(name));
    if (vault === undefined) return refused({ kind: 'vaultNotFound', name }, { asked });
    try {
      return await readFrom(vault, asked, world);
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      await world.rulebook.load(name);
    }
  }
  return refused({ kind: 'tooManyConflicts' }, { asked });
}

async function readFrom(vault: VaultInForce, asked: SecretAsked, world: ReadWorld): Promise<SecretRead> {
  const at = world.now();
  const verdict = decide(vault.firewall, source, service, operation);
  const require = [vault.requirement];
  const refusal = gate(vault, verdict);
  // On the word of rules that are in force: a refusal too.
  if (refusal !== undefined) await world.store.read({ require, get: [] });
  const read = refusal === undefined ? await secretOf(vault, asked, world) : refused(refusal, { vault, asked });
  const record = auditRecord({
    at,
    durationMs: world.now() - at,
    operationName: operation.name,
    apiVersion: '7.0',
    resourceId: vault.id,
    status: read.ok ? 200 : read.status,
    ...(!read.ok && { message: read.message }),
    source,
    caller: service,
    verdict,
    rule: matchedRule(verdict, vault.firewallSettings),
    explanation: explain({ verdict, settings: vault.firewallSettings, source, caller: service, operation }),
    correlationId: asked.correlationId,
    requestUri: undefined,
    objectId: `${asked.origin}/secrets/${asked.secretName}${asked.secretVersion === undefined ? '' : `/${asked.secretVersion}`}`,
  });
  await (read.ok ? world.audit.read(record) : world.audit.refused(record, service));
  return read;
}

function gate(vault: VaultInForce, verdict: Verdict): Refusal | undefined {
  const refusal = firewallRefusal(verdict);
  if (refusal !== undefined) return refusal;
  return vault.properties.enabledForTemplateDeployment === true
    ? undefined
    : { kind: 'deniedToService', service: 'ARM' };
}

const nameForm = /^[0-9a-z-]{1,127}$/i;

async function secretOf(vault: VaultInForce, asked: SecretAsked, world: ReadWorld): Promise<SecretRead> {
  const { secretName, secretVersion } = asked;
  if (!nameForm.test(secretName) || (secretVersion !== undefined && !/^[0-9a-f]{32}$/i.test(secretVersion))) {
    const name = secretName.slice(0, 127);
    return refused({ kind: 'objectNotFound', collection: 'secrets', name }, { vault, asked });
  }
  const require = [vault.requirement];
  const scope = vaultScope(vault, { transitionMs: world.transitionMs, nowMs: world.now(), require });
  const reading = getVersion(scope, 'secrets', { name: secretName, version: secretVersion });
  const found = await readAlone(world.store, require, reading);
  if (!found.ok) return refused(found.refusal, { vault, asked });
  const { current } = found.value;
  if (!current.attributes.enabled) {
    return refused({ kind: 'objectDisabled', collection: 'secrets' }, { vault, asked });
  }
  return { ok: true, value: current.value };
}

function refused(
  refusal: Refusal,
  { vault, asked }: { readonly vault?: VaultInForce; readonly asked: SecretAsked },
): Extract<SecretRead, { ok: false }> {
  const context = { source, vault, caller: service, origin: asked.origin, encodedTokenHeader: '', acceptedIssuers: [] };
  const { status, message, body } = renderError(refusal, context);
  return { ok: false, status, code: body.error.code ?? '', message };
}
