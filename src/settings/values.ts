import { isIPv6, SocketAddress } from 'node:net';
import { parseAddress } from '../address/address.ts';
import { formatRange, parseRange, type RangeProblem } from '../address/range.ts';
import { SettingRefused } from './refused.ts';

/** One line of the NAT table: the range that a client really comes from, and the public range it is seen as. */
export interface NatMapping {
  /** An IPv4 range (`a.b.c.d/prefix`) or a single IPv6 address. */
  readonly from: string;
  readonly to: string;
}

export interface Endpoint {
  readonly address: string;
  /** 0: any free port. */
  readonly port: number;
}

/** Reads a value, or throws `SettingRefused`; `at` is where it stands, for the message. */
export type Read<T> = (value: unknown, at: string) => T;

const guidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const domainLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A vault's name (24 characters), `.vault.` and the domain must fit into a DNS name of 253 characters. */
const domainLengthMax = 253 - '.vault.'.length - 24;

export const text: Read<string> = (value, at) => {
  if (typeof value !== 'string' || value === '') refuse(value, at, 'must be a non-empty string');
  return value;
};

export const flag: Read<boolean> = (value, at) => {
  if (typeof value !== 'boolean') refuse(value, at, 'must be true or false');
  return value;
};

export const guid: Read<string> = (value, at) => {
  const given = text(value, at);
  if (!guidPattern.test(given)) refuse(value, at, 'is not a GUID (8-4-4-4-12 hexadecimal digits)');
  return given.toLowerCase();
};

export function wholeNumber(least: number, most: number): Read<number> {
  return (value, at) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      refuse(value, at, `is not a whole number from ${least} to ${most}`);
    }
    return value;
  };
}

/** A whole number written in decimal, as on the command line. */
export function decimalNumber(least: number, most: number): Read<number> {
  return (value, at) => {
    const given = text(value, at);
    if (!/^[0-9]{1,15}$/.test(given)) refuse(value, at, `is not a whole number from ${least} to ${most}`);
    return wholeNumber(least, most)(Number(given), at);
  };
}

export function oneOf<const T>(choices: readonly T[]): Read<T> {
  return (value, at) => {
    const found = choices.find((choice) => choice === value);
    if (found === undefined) refuse(value, at, `must be one of: ${choices.join(', ')}`);
    return found;
  };
}

/** An IP address without a port, in the form in which the kernel prints it. */
export const address: Read<string> = (value, at) => {
  const given = text(value, at);
  const parsed = parseAddress(given);
  if (parsed === undefined) refuse(value, at, 'is not an IP address; give one without a port, not a host name');
  return canonical(parsed.text);
};

/** `ADDRESS:PORT`, an IPv6 address in brackets. */
export const endpoint: Read<Endpoint> = (value, at) => {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):([0-9]{1,5})$/.exec(text(value, at)) ?? [];
  if (port === undefined) refuse(value, at, 'is not ADDRESS:PORT; put an IPv6 address in brackets, as in [::1]:8444');
  return { address: address(bracketed ?? plain, at), port: wholeNumber(0, 65_535)(Number(port), at) };
};

/** An IPv4 range or an address of either family. */
export const network: Read<string> = (value, at) => {
  const given = text(value, at);
  const range = parseRange(given);
  if (range.ok) return formatRange(range.range);
  if (parseAddress(given)?.family === 6) return canonical(given);
  return refuse(value, at, `must be an IPv4 range or an IP address${problemOf(range.problem)}`);
};

/** An IPv4 range that has addresses to give: /30 or larger, /16 or smaller. */
export const ipv4Network: Read<string> = (value, at) => {
  const given = text(value, at);
  const range = parseRange(given);
  if (!range.ok) return refuse(value, at, `must be an IPv4 range${problemOf(range.problem)}`);
  const { prefix } = range.range;
  return prefix >= 16 && prefix <= 30 ? given : refuse(value, at, 'must be between /16 and /30');
};

/** A DNS name in lower case, under which `*.vault.<domain>` can stand. */
export const domain: Read<string> = (value, at) => {
  const given = text(value, at);
  if (given !== given.toLowerCase()) refuse(value, at, 'is not in lower case; write it as ' + given.toLowerCase());
  const labels = given.split('.');
  if (given.length > domainLengthMax || !labels.every((label) => domainLabel.test(label))) {
    refuse(value, at, `is not a DNS name of at most ${domainLengthMax} characters`);
  }
  if (parseAddress(given) !== undefined)
    refuse(value, at, 'is an IP address; vaults need a domain name, because each has a name below it');
  return given;
};

/** `CIDR=CIDR`: the host part is kept, so both sides must have one of the same size. */
export const natMapping: Read<NatMapping> = (value, at) => {
  const [from, to, ...more] = text(value, at).split('=');
  if (from === undefined || to === undefined || more.length > 0) {
    refuse(value, at, 'must be CIDR=CIDR, for example 127.0.0.0/24=203.0.113.0/24, or none');
  }
  const mapping = { from: network(from, at), to: network(to, at) };
  if (hostBits(mapping.from) !== hostBits(mapping.to)) {
    refuse(value, at, 'maps a range to one of another size; both must have the same prefix length');
  }
  return mapping;
};

/** A web address that tokens' keys may be fetched from: encrypted, or on this host. */
export const webAddress: Read<string> = (value, at) => {
  const given = text(value, at);
  // Not by `URL.canParse`, which takes some hosts of thousands of characters that the constructor refuses.
  const url = URL.parse(given);
  const loopback = url !== null && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url?.protocol !== 'https:' && !(url?.protocol === 'http:' && loopback)) {
    refuse(value, at, 'must be an https:// URL (http:// is allowed on loopback only)');
  }
  return given;
};

export function isLoopback(listenAddress: string): boolean {
  return listenAddress === '::1' || listenAddress.startsWith('127.');
}

/** Of an object or an array nothing is shown: a misplaced one may hold a password. */
export function refuse(value: unknown, at: string, rule: string): never {
  if (value === undefined) throw new SettingRefused(`${at} is missing.`);
  throw new SettingRefused(`${at === '' ? '' : `${at}: `}${shown(value)} ${rule}.`);
}

function shown(value: unknown): string {
  const hasParts = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  if (!hasParts) return JSON.stringify(value);
  return Array.isArray(value) ? 'an array' : 'an object';
}

/** The rule that a range breaks, where it is not plain from the range. */
function problemOf(problem: RangeProblem): string {
  if (problem.kind === 'hostBitsSet') return `; the network of that address is ${formatRange(problem.network)}`;
  if (problem.kind === 'prefixOutOfRange') return ' with a prefix from 0 to 32';
  return ', such as 192.0.2.0/24';
}

function hostBits(range: string): number {
  return isIPv6(range) ? 0 : 32 - Number(range.slice(range.indexOf('/') + 1));
}

/** Addresses are compared as text with what the kernel reports, so `0:0:0:0:0:0:0:1` must become `::1`. */
function canonical(given: string): string {
  return isIPv6(given) ? new SocketAddress({ address: given, family: 'ipv6' }).address : given;
}
