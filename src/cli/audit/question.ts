import { parseAddress, parseRange } from '../../address/address.ts';
import { denied } from '../../firewall/decide.ts';
import { WrongUsage } from '../failed.ts';
import { membersOf } from '../json.ts';
import type { Options } from '../command.ts';

/** A record that is read from the log, by the names of its members. */
export type Found = ReadonlyMap<string, unknown>;

/** The records that are asked for. */
export interface Question {
  /** Texts that the line of such a record has for certain: they are looked for before it is parsed. */
  readonly texts: readonly string[];
  readonly matches: (record: Found) => boolean;
}

type Test = (record: Found) => boolean;

/** The options by which records are chosen, with their help. */
export const questionOptions = {
  vault: 'name of the vault, or its ARM id',
  caller: 'object id, application id or user name of the caller, or the name of a trusted service',
  address: 'address of the caller, or an IPv4 range',
  verdict:
    'allowed, denied (by the firewall), permission (refused by a policy, role or switch), or a reason such as noIpRule',
  operation: 'name of the operation, such as SecretGet',
  since: 'time of the first record: 2026-01-31T12:00:00Z, or 15m, 2h or 3d ago',
  until: 'time of the last record, likewise',
} as const;

/**
 * @param nowMs milliseconds since 1970
 * @throws {WrongUsage} for a value that no record can have
 */
export function readQuestion(options: Options, nowMs: number): Question {
  const { vault, caller, address, verdict, operation, since, until } = options;
  const tests: readonly (Test | undefined)[] = [
    vault === undefined ? undefined : byVault(vault),
    caller === undefined ? undefined : byCaller(caller),
    address === undefined ? undefined : byAddress(address),
    verdict === undefined ? undefined : byVerdict(verdict),
    operation === undefined ? undefined : same('operationName', operation),
    since === undefined ? undefined : notBefore(readTime('since', since, nowMs)),
    until === undefined ? undefined : notAfter(readTime('until', until, nowMs)),
  ];
  const given = tests.filter((test) => test !== undefined);
  return {
    texts: [
      ...(vault === undefined ? [] : [vaultText(vault)]),
      // As the server writes an address.
      ...(address === undefined ? [] : [parseAddress(address)?.text ?? '']),
      ...(verdict?.toLowerCase() === 'denied' ? ['"allowed":false'] : []),
    ],
    matches: (record) => given.every((test) => test(record)),
  };
}

function textOf(record: Found, name: string): string {
  const value = record.get(name);
  return typeof value === 'string' ? value : '';
}

function same(name: string, wanted: string): Test {
  const lower = wanted.toLowerCase();
  return (record) => textOf(record, name).toLowerCase() === lower;
}

/** Azure's records have ids in upper case. */
function vaultText(vault: string): string {
  return vault.startsWith('/') ? vault.toUpperCase() : `/VAULTS/${vault.toUpperCase()}`;
}

function byVault(vault: string): Test {
  const wanted = vaultText(vault);
  return (record) => {
    const id = textOf(record, 'resourceId').toUpperCase();
    return vault.startsWith('/') ? id === wanted : id.endsWith(wanted);
  };
}

const callerClaims = ['oid', 'appid', 'upn', 'unique_name', 'xms_mirid'];

function byCaller(caller: string): Test {
  const wanted = caller.toLowerCase();
  return (record) => {
    const claims = membersOf(membersOf(record.get('identity')).get('claim'));
    const service = textOf(membersOf(record.get('properties')), 'trustedService');
    return (
      service.toLowerCase() === wanted || callerClaims.some((claim) => textOf(claims, claim).toLowerCase() === wanted)
    );
  };
}

function byAddress(text: string): Test {
  const exact = parseAddress(text);
  if (exact !== undefined) return (record) => parseAddress(textOf(record, 'callerIpAddress'))?.text === exact.text;
  const parsed = parseRange(text);
  if (!parsed.ok)
    throw new WrongUsage(
      `--address: '${text}' is neither an address nor an IPv4 range.`,
      'Give 203.0.113.7 or 203.0.113.0/24.',
    );
  const { first, last } = parsed.range;
  return (record) => {
    const found = parseAddress(textOf(record, 'callerIpAddress'));
    return found?.family === 4 && found.value >= first && found.value <= last;
  };
}

/** The properties that say whether a policy, a role or a switch of the vault gave the permission. */
const permissions = ['isAccessPolicyMatch', 'isRbacAuthorized', 'isVaultSwitchOn'];

/** The firewall's verdict in a record, and whether the permission was missing after it. */
export function verdictOf(record: Found): {
  readonly allowed?: boolean;
  readonly because: string;
  readonly lacksPermission: boolean;
} {
  const properties = membersOf(record.get('properties'));
  const verdict = membersOf(properties.get('verdict'));
  const allowed = verdict.get('allowed');
  return {
    ...(typeof allowed === 'boolean' && { allowed }),
    because: textOf(verdict, 'because'),
    lacksPermission: permissions.some((name) => properties.get(name) === false),
  };
}

function byVerdict(asked: string): Test {
  const wanted = asked.toLowerCase();
  if (wanted === 'allowed') return (record) => verdictOf(record).allowed === true && !verdictOf(record).lacksPermission;
  if (wanted === 'denied') return (record) => verdictOf(record).allowed === false;
  if (wanted === 'permission') return (record) => verdictOf(record).lacksPermission;
  if (!reasons.some((reason) => reason.toLowerCase() === wanted)) {
    throw new WrongUsage(
      `--verdict: '${asked}' is not a verdict.`,
      `Give allowed, denied, permission, or a reason: ${reasons.join(', ')}.`,
    );
  }
  return (record) => verdictOf(record).because.toLowerCase() === wanted;
}

const reasons = ['trustedService', 'defaultAction', 'ipRule', 'virtualNetworkRule', ...Object.keys(denied)];

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

function readTime(option: string, text: string, nowMs: number): number {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) return nowMs - Number(count) * (units[unit] ?? 0);
  const atMs = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(atMs)) return atMs;
  throw new WrongUsage(
    `--${option}: '${text}' is not a time.`,
    'Give 2026-01-31T12:00:00Z, or 15m, 2h or 3d for so long ago.',
  );
}

function notBefore(leastMs: number): Test {
  return (record) => Date.parse(textOf(record, 'time')) >= leastMs;
}

function notAfter(mostMs: number): Test {
  return (record) => Date.parse(textOf(record, 'time')) <= mostMs;
}
