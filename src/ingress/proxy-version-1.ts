import { parseAddress } from '../address/address.ts';
import type { Address } from '../types/address.ts';
import type { HeaderProgress, RelayedConnection } from './proxy-header.ts';

/** The longest line, with its CRLF (proxy-protocol.txt section 2.1). */
const lineLengthMax = 107;

const port = /^(0|[1-9][0-9]{0,4})$/;

/** Reads a version 1 header. The caller has checked that it begins with `PROXY `. */
export function readVersion1(bytes: Uint8Array): HeaderProgress {
  const text = Buffer.from(bytes.subarray(0, lineLengthMax)).toString('latin1');
  const end = text.indexOf('\r\n');
  if (end < 0) {
    return bytes.length < lineLengthMax ? { kind: 'more' } : { kind: 'problem', problem: { kind: 'tooLong' } };
  }
  const line = readLine(text.slice(0, end));
  if (line === 'malformed') return { kind: 'problem', problem: { kind: 'malformedLine' } };
  return { kind: 'header', header: { version: 1, relayed: line, tlvs: new Map() }, length: end + 2 };
}

function readLine(line: string): RelayedConnection | 'malformed' | undefined {
  const [, protocol, source, destination, sourcePort, destinationPort, ...more] = line.split(' ');
  // Everything after UNKNOWN is ignored up to the end of the line (section 2.1).
  if (protocol === 'UNKNOWN') return undefined;
  if (more.length > 0 || (protocol !== 'TCP4' && protocol !== 'TCP6')) return 'malformed';
  const from = readEnd(protocol, source, sourcePort);
  const to = readEnd(protocol, destination, destinationPort);
  if (from === undefined || to === undefined) return 'malformed';
  return { source: from.address, sourcePort: from.port, destination: to.address, destinationPort: to.port };
}

function readEnd(
  protocol: 'TCP4' | 'TCP6',
  address: string | undefined,
  digits: string | undefined,
): { readonly address: Address; readonly port: number } | undefined {
  if (address === undefined || digits === undefined || !port.test(digits) || Number(digits) > 0xffff) return undefined;
  // Not the parsed family: an IPv4 address mapped into IPv6 is written as TCP6, but is IPv4.
  if (address.includes(':') !== (protocol === 'TCP6')) return undefined;
  const parsed = parseAddress(address);
  return parsed && { address: parsed, port: Number(digits) };
}
