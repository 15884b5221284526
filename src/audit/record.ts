import { STATUS_CODES } from 'node:http';
import { copiedClaims } from '../types/caller.ts';
import type { Caller } from '../types/caller.ts';
import type { Source } from '../types/source.ts';
import type { AccessVerdict, Verdict } from '../types/verdict.ts';
import type { AuditEvent, AuditProperties, AuditRecord, VerdictProperty } from './event.ts';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** How much of a string from a client is kept, in UTF-16 units; and of an error's message. */
export const longest = { text: 2048, id: 128, message: 4096 };

/** The same for a refusal, which costs the client nothing. */
const longestRefused = { text: 512, id: 128, message: 1024 };

/**
 * RFC 6750 section 2.3 lets a client put its token in the query. We do not accept it there, and must not keep it
 * either.
 */
const tokenInQuery = /([?&]access(?:_|%5f)token=)[^&#]*/gi;

/** The parts between those delimiters of a URI (RFC 3986 section 2.2) at which its path and query are split. */
const uriPiece = /[^/?#&=]+/g;

/** RFC 7519 section 3: parts in base64url, of which the first is a JSON object, and so begins with `{"`. */
const jsonWebToken = /(?<![\w-])eyJ[\w-]*\.[\w-]*\./;

/** The record of a request, as it is written to the log. */
export function auditRecord(event: AuditEvent): AuditRecord {
  const { source, caller, message } = event;
  const { text, message: messageMax } = event.status < 400 ? longest : longestRefused;
  return {
    time: timeOf(event.at),
    resourceId: clip(event.resourceId, text).toUpperCase(),
    category: event.category ?? 'AuditEvent',
    operationName: event.operationName,
    operationVersion: clip(event.apiVersion, longest.id),
    resultType: event.resultType ?? 'Success',
    resultSignature: STATUS_CODES[event.status] ?? String(event.status),
    ...(message !== undefined && { resultDescription: clip(message.replaceAll('\r\n', '\n'), messageMax) }),
    durationMs: String(Math.max(0, Math.round(event.durationMs))),
    ...(source !== undefined && source.kind !== 'unknown' && { callerIpAddress: source.address.text }),
    correlationId: clip(event.correlationId, longest.id),
    ...(caller !== undefined && { identity: identityOf(caller) }),
    // Last, because `recordIdMark` relies on it.
    properties: propertiesOf(event),
  };
}

/** The resource of Entra's records: the directory of a tenant. */
export function directoryId(tenantId: string): string {
  return `/tenants/${tenantId}/providers/Microsoft.aadiam`;
}

/** The record of a change with the id by which it appears in the log once; see `Outbox`. */
export function withRecordId<T extends WithProperties>(record: T, recordId: string): T;
export function withRecordId({ properties: rest, ...outer }: WithProperties, recordId: string) {
  return { ...outer, properties: { ...rest, recordId } };
}

interface WithProperties {
  readonly properties: AuditProperties;
}

// Written key by key: this is the hot path, and spreading an object for each optional key takes twice as long.
function propertiesOf(event: AuditEvent): AuditProperties {
  const { objectId, userAgent, requestUri, tlsVersion } = event;
  const { text } = event.status < 400 ? longest : longestRefused;
  const properties: Writable<AuditProperties> = { ...event.properties, httpStatusCode: event.status };
  if (objectId !== undefined) properties.id = clip(withoutToken(objectId), text);
  if (userAgent !== undefined) properties.clientInfo = clip(userAgent, text);
  if (requestUri !== undefined) properties.requestUri = clip(withoutToken(requestUri), text);
  if (tlsVersion !== undefined) properties.tlsVersion = tlsName(tlsVersion);
  addDecision(properties, event);
  return properties;
}

export function tlsName(version: string): string {
  return version.replace('TLSv', 'TLS').replace('.', '_');
}

/** The decisions on a request, and their input. */
type Decided = Pick<AuditEvent, 'source' | 'access' | 'verdict' | 'rule' | 'explanation'>;

type DecisionProperties = Writable<Partial<AuditProperties>>;

/** A record's last properties: what was decided, and why. */
export function addDecision(properties: DecisionProperties, event: Decided): DecisionProperties {
  const { access, verdict, source } = event;
  if (access !== undefined) addAccessKeys(properties, access);
  if (verdict !== undefined) {
    addNetworkKeys(properties, verdict, source);
    properties.verdict = verdictProperty(verdict, event);
  }
  if (source?.kind === 'subnet') {
    // For any verdict: networks may have the same addresses, so the address alone does not identify the source.
    properties.subnetId = source.subnet;
    properties.subnetIncarnation = source.incarnation;
    properties.assurance = source.assurance;
  }
  return properties;
}

/** Azure has other keys for a vault with role assignments in its data plane. */
function addAccessKeys(properties: DecisionProperties, access: AccessVerdict): void {
  if (access.because === 'accessPolicy' || access.because === 'noAccessPolicy') {
    properties.isAccessPolicyMatch = access.allowed;
    return;
  }
  if (access.because === 'vaultSwitch') {
    properties.vaultSwitch = access.name;
    properties.isVaultSwitchOn = access.allowed;
    return;
  }
  properties.isRbacAuthorized = access.allowed;
  if (access.allowed) properties.appliedAssignmentId = access.assignment;
}

/** Azure's records do not have these keys if the vault's firewall is open (`defaultAction: Allow`). */
function addNetworkKeys(properties: DecisionProperties, verdict: Verdict, source?: Source): void {
  if (verdict.because === 'defaultAction') return;
  properties.isAddressAuthorized = verdict.allowed;
  if (verdict.because === 'trustedService') {
    properties.addrAuthType = 'TrustedService';
    properties.trustedService = verdict.service;
  } else if (source !== undefined && source.kind !== 'unknown') {
    properties.addrAuthType = source.kind === 'subnet' ? 'Subnet' : 'PublicIP';
  }
}

function verdictProperty({ allowed, because }: Verdict, { rule, explanation }: Decided): VerdictProperty {
  const property: Writable<VerdictProperty> = { allowed, because };
  if (rule !== undefined) property.rule = clip(rule, longest.text);
  if (explanation !== undefined) property.explanation = clip(explanation, longest.message);
  return property;
}

type Identity = NonNullable<AuditRecord['identity']>;

/** A caller is one object as long as its token is cached. */
const identities = new WeakMap<Caller, Identity>();

export function identityOf(caller: Caller): Identity {
  const known = identities.get(caller);
  if (known !== undefined) return known;
  const identity = { claim: recordedIdentity(caller) };
  identities.set(caller, identity);
  return identity;
}

/** A v2 token has the application in `azp` and its authentication in `azpacr`; a record has v1's names for both. */
function recordedIdentity({
  issuer,
  issuerClass,
  tenant,
  objectId,
  applicationId,
  claims,
}: Caller): Readonly<Record<string, unknown>> {
  const identity: Record<string, unknown> = { oid: clip(objectId, longest.text) };
  if (applicationId !== undefined) identity['appid'] = clip(applicationId, longest.text);
  // An external issuer's names are its own: without the issuer they would look like the directory's. So are those of
  // Microsoft's tenant, whose applications the bypass trusts.
  if (issuerClass === 'external') identity['iss'] = clip(issuer, longest.text);
  if (issuerClass === 'services') identity['tid'] = clip(tenant, longest.text);
  copyClaim(identity, 'appidacr', claims['appidacr'] ?? claims['azpacr']);
  for (const name of copiedClaims) copyClaim(identity, name, claims[name]);
  return identity;
}

function copyClaim(identity: Record<string, unknown>, name: string, value: unknown): void {
  if (typeof value === 'string') identity[name] = clip(value, longest.text);
  else if (typeof value === 'number' || typeof value === 'boolean') identity[name] = value;
  else if (Array.isArray(value)) {
    const texts = value.filter((item) => typeof item === 'string').slice(0, 16);
    identity[name] = texts.map((text) => clip(text, longest.id));
  }
}

/** Seven fractional digits, of which the clock fills three. */
export function timeOf(at: number): string {
  if (at !== lastTime.at) lastTime = { at, text: `${new Date(at).toISOString().slice(0, -1)}0000Z` };
  return lastTime.text;
}

/** Many requests share a millisecond, and formatting it is a tenth of the cost of a record. */
let lastTime = { at: 0, text: '1970-01-01T00:00:00.0000000Z' };

/** A URI without tokens, under whatever name and wherever a client put them, even partly escaped. */
export function withoutToken(uri: string): string {
  // Hardly any URI has one of these, and looking for them is many times cheaper.
  if (!uri.includes('_') && !uri.includes('%') && !uri.includes('eyJ')) return uri;
  return uri
    .replace(tokenInQuery, '$1…')
    .replace(uriPiece, (piece) => (jsonWebToken.test(unescaped(piece)) ? '…' : piece));
}

/** A token is only ASCII; malformed escapes stay. */
function unescaped(piece: string): string {
  return piece.replace(/%([0-7][\da-f])/gi, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)));
}

/** A clipped string says so, within the length. */
export function clip(text: string, length: number): string {
  if (text.length <= length) return text;
  const mark = `… (${text.length} characters)`;
  return text.slice(0, length - mark.length) + mark;
}
