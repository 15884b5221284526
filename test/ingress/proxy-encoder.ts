/** Writes PROXY headers that follow haproxy.org's proxy-protocol.txt, and headers that break it. */
import { SocketAddress } from 'node:net';

export interface Tlv {
  readonly type: number;
  readonly value: Uint8Array;
}

export interface Version2 {
  readonly command?: number;
  readonly family?: number;
  /** Source and destination; both IPv4 or both IPv6. */
  readonly addresses?: readonly [string, string];
  readonly ports?: readonly [number, number];
  readonly tlvs?: readonly Tlv[];
  /** Instead of the true length. */
  readonly length?: number;
  /** Appends a CRC-32C TLV. */
  readonly checksum?: boolean;
}

export const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

export function version2(header: Version2 = {}): Buffer {
  const [source, destination] = header.addresses ?? ['10.0.0.4', '198.51.100.10'];
  const [sourcePort, destinationPort] = header.ports ?? [40_000, 443];
  const isIpv6 = source.includes(':');
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(sourcePort, 0);
  ports.writeUInt16BE(destinationPort, 2);
  const tlvs = (header.tlvs ?? []).map(({ type, value }) => tlv(type, value));
  if (header.checksum) tlvs.push(tlv(0x03, Buffer.alloc(4)));
  const body = Buffer.concat([addressBytes(source), addressBytes(destination), ports, ...tlvs]);
  const fixed = Buffer.from([header.command ?? 0x21, header.family ?? (isIpv6 ? 0x21 : 0x11), 0, 0]);
  fixed.writeUInt16BE(header.length ?? body.length, 2);
  const whole = Buffer.concat([signature, fixed, body]);
  if (header.checksum) whole.writeUInt32BE(slowCrc32c(whole), whole.length - 4);
  return whole;
}

export function subnetTlv(incarnation: string): Tlv {
  return { type: 0xe1, value: Buffer.from(incarnation) };
}

function tlv(type: number, value: Uint8Array): Buffer {
  const head = Buffer.from([type, 0, 0]);
  head.writeUInt16BE(value.length, 1);
  return Buffer.concat([head, value]);
}

function addressBytes(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail = ''] = new SocketAddress({ address, family: 'ipv6' }).address.split('::');
  const words = (text: string): number[] =>
    text.split(':').flatMap((group) => {
      if (group === '') return [];
      if (!group.includes('.')) return [Number.parseInt(group, 16)];
      const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
      return [a * 256 + b, c * 256 + d];
    });
  const [before, after] = [words(head), words(tail)];
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 255]));
}

/** Bit by bit, as in the definition, so that it shares nothing with the table under test. */
function slowCrc32c(bytes: Uint8Array): number {
  let rest = 0xffffffff;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit += 1) {
      const one = ((rest ^ (byte >> bit)) & 1) === 1;
      rest = (rest >>> 1) ^ (one ? 0x82f63b78 : 0);
    }
  }
  return (rest ^ 0xffffffff) >>> 0;
}
