import type { AuditProperties, AuditRecord } from '../audit/event.ts';
import { servicesTenant } from '../types/caller.ts';
import type { ActivityEntry, SeenCaller, SeenSource } from '../types/activity.ts';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** The operations of the resource manager that are shown: those that may change whom a vault lets in, or the vault. */
const controlOperations: ReadonlySet<string> = new Set([
  'VaultPut',
  'VaultPatch',
  'VaultDelete',
  'VaultRecover',
  'VaultPurge',
]);

/** The answer to a request without any token, with which each client of a vault begins (AKV10000). */
const challenge = 'AKV10000:';

/**
 * The entry of a record; `undefined` for one that is not shown: reads of the resource manager, or a page that shows this
 * would watch itself; the challenge; and records of other categories.
 */
export function entryOf(record: AuditRecord): ActivityEntry | undefined {
  const { properties, operationName, resultDescription: message } = record;
  if (record.category !== 'AuditEvent') return undefined;
  const isControl = controlOperations.has(operationName);
  const isData = !isControl && (properties.id !== undefined || properties.scheduled !== undefined);
  if (!isControl && !isData) return undefined;
  if (message?.startsWith(challenge) === true) return undefined;
  const entry: Writable<ActivityEntry> = {
    time: record.time,
    plane: isControl ? 'control' : 'data',
    operation: operationName,
    vault: {
      id: record.resourceId,
      name: record.resourceId.slice(record.resourceId.lastIndexOf('/') + 1).toLowerCase(),
    },
    status: properties.httpStatusCode,
    correlationId: record.correlationId,
  };
  if (properties.scheduled === undefined) entry.source = sourceIn(record);
  const caller = callerIn(record);
  if (caller !== undefined) entry.caller = caller;
  if (properties.id !== undefined) entry.objectId = properties.id;
  if (message !== undefined) entry.message = message;
  addDecisions(entry, properties);
  return entry;
}

function addDecisions(entry: Writable<ActivityEntry>, properties: AuditProperties): void {
  const { verdict, trustedService, suppressed } = properties;
  if (verdict !== undefined) entry.verdict = { ...verdict, ...(trustedService !== undefined && { trustedService }) };
  const permission = permissionIn(properties);
  if (permission !== undefined) entry.permission = permission;
  if (typeof suppressed === 'number') entry.suppressed = suppressed;
}

function permissionIn(properties: AuditProperties): ActivityEntry['permission'] {
  const { isAccessPolicyMatch, isRbacAuthorized, isVaultSwitchOn } = properties;
  if (isAccessPolicyMatch !== undefined) return { allowed: isAccessPolicyMatch, by: 'accessPolicy' };
  if (isRbacAuthorized !== undefined) return { allowed: isRbacAuthorized, by: 'role' };
  if (isVaultSwitchOn !== undefined) return { allowed: isVaultSwitchOn, by: 'vaultSwitch' };
  return undefined;
}

/** The source of a record's request. */
export function sourceIn({ callerIpAddress: address, properties }: AuditRecord): SeenSource {
  const { subnetId: subnet, subnetIncarnation: incarnation, assurance = 'enforced' } = properties;
  if (address === undefined) return { kind: 'unknown' };
  if (subnet === undefined) return { kind: 'public', address };
  return { kind: 'subnet', subnet, ...(incarnation !== undefined && { incarnation }), address, assurance };
}

/** The claims that become a caller's members besides its ids. */
const optionalClaims = [
  ['applicationId', 'appid'],
  ['issuer', 'iss'],
  ['managedIdentity', 'xms_mirid'],
  ['usedBy', 'xms_az_rid'],
] as const;

/** The caller of a record's request; `undefined` where no token was accepted. */
export function callerIn({ identity }: AuditRecord): SeenCaller | undefined {
  const claim = identity?.claim;
  if (claim === undefined) return undefined;
  const text = (name: string) => (typeof claim[name] === 'string' ? claim[name] : undefined);
  const caller: Writable<SeenCaller> = { issuerClass: classIn(text), objectId: text('oid') ?? '' };
  for (const [member, name] of optionalClaims) {
    const value = text(name);
    if (value !== undefined) caller[member] = value;
  }
  const name = text('upn') ?? text('unique_name');
  if (name !== undefined) caller.name = name;
  return caller;
}

function classIn(text: (name: string) => string | undefined): SeenCaller['issuerClass'] {
  if (text('iss') !== undefined) return 'external';
  return text('tid') === servicesTenant ? 'services' : 'own';
}
