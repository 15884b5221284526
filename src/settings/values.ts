import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { formatRange, parseAddress, parseRange } from '../address/address.ts';
import type { RangeProblem } from '../address/address.ts';
import { accept, breached, wrong } from '../shape/fault.ts';
import { isGuid, refine, wholeNumber } from '../shape/shape.ts';
import type { Shape } from '../shape/shape.ts';

/** One entry of the NAT table: the real range of a client, and the public range that it is shown as. */
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

const domainLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A vault's name (24 characters), `.vault.` and the domain must fit into a DNS name of 253 characters. */
const domainLengthMax = 253 - '.vault.'.length - 24;

export const nonEmptyString: Shape<string> = (value) =>
  typeof value === 'string' && value !== '' ? accept(value) : wrong(value, 'must be a non-empty string');

/** Like `nonEmptyString`, but an invalid value is not shown. */
export const secret: Shape<string, string> = (value) =>
  typeof value === 'string' && value !== '' ? accept(value) : breached(value, ': must be a non-empty string');

export const guid = refine(nonEmptyString, (given) =>
  isGuid(given) ? accept(given.toLowerCase()) : wrong(given, 'is not a GUID (8-4-4-4-12 hexadecimal digits)'),
);

/** A whole number written in decimal, as on the command line. */
export function decimalNumber(least: number, most: number): Shape<number> {
  const number = wholeNumber(least, most);
  return refine(nonEmptyString, (given) => number(/^[0-9]{1,15}$/.test(given) ? Number(given) : given));
}

/** The port in the URLs of clients, where it is not that of the listeners. */
export const publicPort: Shape<number | 'any'> = (given) => {
  const isPort = typeof given === 'number' && Number.isInteger(given) && given >= 1 && given <= 65_535;
  return isPort || given === 'any' ? accept(given) : wrong(given, 'is neither a port from 1 to 65535 nor "any"');
};

/** An IP address without a port, in the kernel's form. */
export const address = refine(nonEmptyString, (given) => {
  const parsed = parseAddress(given);
  return parsed === undefined ? wrong(given, 'is not an IP address without a port') : accept(canonical(parsed.text));
});

const portNumber = wholeNumber(0, 65_535);

/** `ADDRESS:PORT`, with an IPv6 address in brackets. */
export const endpoint: Shape<Endpoint> = refine(nonEmptyString, (given) => {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):([0-9]{1,5})$/.exec(given) ?? [];
  if (digits === undefined)
    return wrong(given, 'is not ADDRESS:PORT; put an IPv6 address in brackets, as in [::1]:8444');
  const at = address(bracketed ?? plain);
  if (!at.ok) return at;
  const port = portNumber(Number(digits));
  return port.ok ? accept({ address: at.value, port: port.value }) : port;
});

/** An IPv4 range or an address of either family. */
export const network = refine(nonEmptyString, (given) => {
  const range = parseRange(given);
  if (range.ok) return accept(formatRange(range.range));
  if (parseAddress(given)?.family === 6) return accept(canonical(given));
  return wrong(given, `must be an IPv4 range or an IP address${problemOf(range.problem)}`);
});

/** An IPv4 range from which addresses can be assigned: from /16 to /30. */
export const ipv4Network = refine(nonEmptyString, (given) => {
  const range = parseRange(given);
  if (!range.ok) return wrong(given, `must be an IPv4 range${problemOf(range.problem)}`);
  const { prefix } = range.range;
  return prefix >= 16 && prefix <= 30 ? accept(given) : wrong(given, 'must be between /16 and /30');
});

/** A DNS name in lower case, short enough for `<vault>.vault.<domain>`. */
export const domain = refine(nonEmptyString, (given) => {
  if (given !== given.toLowerCase()) return wrong(given, 'is not in lower case: write ' + given.toLowerCase());
  const labels = given.split('.');
  if (given.length > domainLengthMax || !labels.every((label) => domainLabel.test(label))) {
    return wrong(given, `is not a DNS name of at most ${domainLengthMax} characters`);
  }
  return parseAddress(given) === undefined
    ? accept(given)
    : wrong(given, 'is an IP address, not a domain name: each vault has a name below the domain');
});

/** `CIDR=CIDR`. The host part is kept, so both sides must have the same number of host bits. */
export const natMapping: Shape<NatMapping> = refine(nonEmptyString, (given) => {
  const [first, second, ...more] = given.split('=');
  if (first === undefined || second === undefined || more.length > 0) {
    return wrong(given, 'must be CIDR=CIDR, for example 127.0.0.0/24=203.0.113.0/24, or none');
  }
  const [from, to] = [network(first), network(second)];
  if (!from.ok) return from;
  if (!to.ok) return to;
  return hostBits(from.value) === hostBits(to.value)
    ? accept({ from: from.value, to: to.value })
    : wrong(given, 'must have the same prefix length on both sides');
});

/**
 * The URL of a service that this server asks: encrypted, or on this host. `fetch` refuses a name and a password in it, and
 * writes them into its error; so an invalid one is shown without them.
 */
export const webAddress: Shape<string, string> = refine(nonEmptyString, (given) => {
  const rule = 'must be an https:// URL (http:// is allowed on loopback only)';
  // Not `URL.canParse`: it accepts some hosts of thousands of characters that the constructor refuses.
  const url = URL.parse(given);
  if (url === null) return breached(given, ` ${rule}`);
  if (url.username !== '' || url.password !== '') {
    return breached(given, ' must not contain a user name or a password: give the address without them');
  }
  if (given.includes('#')) return breached(given, ' must not have a fragment (#…): it is never sent');
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopback)
    ? accept(given)
    : wrong(`${url.protocol}//${url.host}`, rule);
});

/** The address at which a program on this machine reaches a server that listens at these: IPv4 where there is some. */
export function localAddress(listen: readonly string[]): string {
  const reachable = localAddresses(listen);
  return reachable.find((given) => given === '127.0.0.1') ?? reachable.find(isIPv4) ?? reachable[0] ?? '127.0.0.1';
}

/** All such addresses. */
export function localAddresses(listen: readonly string[]): readonly string[] {
  return [...new Set(listen.map((given) => ({ '0.0.0.0': '127.0.0.1', '::': '::1' })[given] ?? given))];
}

export function isLoopback(listenAddress: string): boolean {
  return listenAddress === '::1' || listenAddress.startsWith('127.');
}

/** The rule that a range breaks, as the end of a message. */
function problemOf(problem: RangeProblem): string {
  if (problem.kind === 'hostBitsSet') return `; the network of that address is ${formatRange(problem.network)}`;
  if (problem.kind === 'prefixOutOfRange') return ' with a prefix from 0 to 32';
  return ', such as 192.0.2.0/24';
}

function hostBits(range: string): number {
  return isIPv6(range) ? 0 : 32 - Number(range.slice(range.indexOf('/') + 1));
}

/** The kernel's form of an address, which is compared as a string: `0:0:0:0:0:0:0:1` becomes `::1`. */
function canonical(given: string): string {
  return isIPv6(given) ? new SocketAddress({ address: given, family: 'ipv6' }).address : given;
}
