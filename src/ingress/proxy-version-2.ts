import { SocketAddress } from 'node:net';
import { formatIpv4, parseAddress } from '../address/address.ts';
import type { Address } from '../types/address.ts';
import { crc32c } from './crc32c.ts';
import type { HeaderProblem, HeaderProgress, RelayedConnection } from './proxy-header.ts';

/** The twelve bytes with which a binary header begins (proxy-protocol.txt section 2.2). */
export const signature = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);

const headerLengthMax = 1024;
const fixedLength = 16;
const commands: Readonly<Record<number, 'LOCAL' | 'PROXY'>> = { 0x20: 'LOCAL', 0x21: 'PROXY' };

/** Bytes of one address, by the byte of family and transport; 0: no address (AF_UNSPEC). */
const addressLengths: Readonly<Record<number, 0 | 4 | 16>> = { 0x00: 0, 0x11: 4, 0x21: 16 };

const tlvChecksum = 0x03;
/** Padding, which may occur more than once. */
const tlvNoop = 0x04;

type Tlvs =
  | { readonly ok: true; readonly tlvs: ReadonlyMap<number, Uint8Array> }
  | { readonly ok: false; readonly problem: HeaderProblem };

/**
 * Reads a binary header. The caller has checked its signature. Each check needs only bytes that earlier checks
 * accepted.
 */
export function readVersion2(bytes: Uint8Array): HeaderProgress {
  const [command, family, high, low] = bytes.subarray(signature.length, fixedLength);
  if (command === undefined) return { kind: 'more' };
  if (commands[command] === undefined) return refused({ kind: 'unknownCommand', value: command });
  if (family === undefined) return { kind: 'more' };
  const addressLength = addressLengths[family];
  if (addressLength === undefined) return refused({ kind: 'unknownFamily', value: family });
  if (high === undefined || low === undefined) return { kind: 'more' };
  const length = fixedLength + high * 256 + low;
  if (length > headerLengthMax) return refused({ kind: 'tooLong' });
  const isLocal = commands[command] === 'LOCAL';
  const tlvStart = fixedLength + (addressLength === 0 ? 0 : 2 * addressLength + 4);
  if (tlvStart > length && !isLocal) return refused({ kind: 'addressesCut' });
  if (bytes.length < length) return { kind: 'more' };
  // "The receiver must accept this connection as valid and must use the real connection endpoints and discard the
  // protocol block including the family which is ignored" (section 2.2, on LOCAL).
  if (isLocal) return { kind: 'header', header: { version: 2, relayed: undefined, tlvs: new Map() }, length };
  const header = bytes.subarray(0, length);
  const read = readTlvs(header, tlvStart);
  if (!read.ok) return refused(read.problem);
  if (!checksumHolds(header, read.tlvs.get(tlvChecksum))) return refused({ kind: 'checksum' });
  const relayed = addressLength === 0 ? undefined : readAddresses(header, addressLength);
  return { kind: 'header', header: { version: 2, relayed, tlvs: read.tlvs }, length };
}

function refused(problem: HeaderProblem): HeaderProgress {
  return { kind: 'problem', problem };
}

function readTlvs(header: Uint8Array, start: number): Tlvs {
  const tlvs = new Map<number, Uint8Array>();
  for (let at = start; at < header.length;) {
    const [type, high, low] = header.subarray(at, at + 3);
    if (type === undefined || high === undefined || low === undefined) {
      return { ok: false, problem: { kind: 'tlvCut' } };
    }
    const end = at + 3 + high * 256 + low;
    if (end > header.length) return { ok: false, problem: { kind: 'tlvOverrun', type } };
    if (tlvs.has(type) && type !== tlvNoop) return { ok: false, problem: { kind: 'tlvTwice', type } };
    tlvs.set(type, header.subarray(at + 3, end));
    at = end;
  }
  return { ok: true, tlvs };
}

/** The checksum covers the whole header, with zeros in its own place (section 2.2.3). */
function checksumHolds(header: Uint8Array, checksum: Uint8Array | undefined): boolean {
  if (checksum === undefined) return true;
  if (checksum.length !== 4) return false;
  const blanked = Uint8Array.from(header);
  blanked.fill(0, checksum.byteOffset - header.byteOffset, checksum.byteOffset - header.byteOffset + 4);
  return Buffer.from(checksum).readUInt32BE() === crc32c(blanked);
}

function readAddresses(header: Uint8Array, length: 4 | 16): RelayedConnection {
  const view = Buffer.from(header);
  const ports = fixedLength + 2 * length;
  return {
    source: readAddress(view.subarray(fixedLength, fixedLength + length)),
    sourcePort: view.readUInt16BE(ports),
    destination: readAddress(view.subarray(fixedLength + length, ports)),
    destinationPort: view.readUInt16BE(ports + 2),
  };
}

function readAddress(bytes: Buffer): Address {
  if (bytes.length === 4) {
    const value = bytes.readUInt32BE();
    return { family: 4, value, text: formatIpv4(value) };
  }
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16)).join(':');
  const text = new SocketAddress({ address: groups, family: 'ipv6' }).address;
  return parseAddress(text) ?? { family: 6, text };
}
