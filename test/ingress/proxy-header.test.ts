import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32c } from '../../src/ingress/crc32c.ts';
import type { AcceptedVersion, HeaderProblem, ProxyHeader } from '../../src/ingress/proxy-header.ts';
import { readProxyHeader } from '../../src/ingress/read-proxy-header.ts';
import { signature, version2, type Version2 } from './proxy-encoder.ts';

function header(bytes: Uint8Array, accept: AcceptedVersion = 'any'): ProxyHeader & { readonly length: number } {
  const progress = readProxyHeader(bytes, accept);
  assert.equal(progress.kind, 'header', JSON.stringify(progress));
  return { ...progress.header, length: progress.length };
}

function problem(bytes: Uint8Array | string, accept: AcceptedVersion = 'any'): HeaderProblem {
  const progress = readProxyHeader(Buffer.from(bytes), accept);
  assert.equal(progress.kind, 'problem', JSON.stringify(progress));
  return progress.problem;
}

const ports = fc.integer({ min: 0, max: 65_535 });
const tlvs = fc.uniqueArray(
  fc.record({ type: fc.integer({ min: 0x05, max: 0xff }), value: fc.uint8Array({ maxLength: 60 }) }),
  { selector: ({ type }) => type, maxLength: 12 },
);
const encoded: fc.Arbitrary<Version2> = fc.record({
  addresses: fc.oneof(fc.tuple(fc.ipV4(), fc.ipV4()), fc.tuple(fc.ipV6(), fc.ipV6())),
  ports: fc.tuple(ports, ports),
  tlvs,
  checksum: fc.boolean(),
});
const lines = fc
  .tuple(fc.ipV4(), fc.ipV4(), ports, ports)
  .map(([source, destination, from, to]) => Buffer.from(`PROXY TCP4 ${source} ${destination} ${from} ${to}\r\n`));

test('version 2: what was written is read again, and what follows is not', () => {
  fc.assert(
    fc.property(encoded, fc.uint8Array({ maxLength: 20 }), (written, rest) => {
      const bytes = version2(written);
      const read = header(Buffer.concat([bytes, rest]));
      assert.equal(read.length, bytes.length);
      assert.deepEqual([read.relayed?.sourcePort, read.relayed?.destinationPort], written.ports);
      const isIpv4 = written.addresses?.[0].includes(':') === false;
      if (isIpv4) assert.equal(read.relayed?.source.text, written.addresses?.[0]);
      if (isIpv4) assert.equal(read.relayed?.destination.text, written.addresses?.[1]);
      for (const { type, value } of written.tlvs ?? []) assert.deepEqual(read.tlvs.get(type), Buffer.from(value));
    }),
  );
});

test('version 2: an IPv6 source is returned as the kernel prints it, and a mapped one is the IPv4 address', () => {
  const source = (text: string) => header(version2({ addresses: [text, '2001:db8::2'] })).relayed?.source;
  assert.deepEqual(source('2001:DB8:0:0::1'), { family: 6, text: '2001:db8::1' });
  assert.deepEqual(source('::ffff:203.0.113.7'), { family: 4, value: 0xcb007107, text: '203.0.113.7' });
});

test('version 1: what was written is read again', () => {
  const line = Buffer.from('PROXY TCP6 ::1 2001:db8::2 1 65535\r\nGET');
  assert.deepEqual(header(line, 1), {
    version: 1,
    relayed: {
      source: { family: 6, text: '::1' },
      sourcePort: 1,
      destination: { family: 6, text: '2001:db8::2' },
      destinationPort: 65_535,
    },
    tlvs: new Map(),
    length: line.length - 3,
  });
  fc.assert(fc.property(lines, (bytes) => assert.equal(header(bytes).length, bytes.length)));
});

test('a header that relays no connection has no source: LOCAL, AF_UNSPEC and UNKNOWN', () => {
  const local = version2({ command: 0x20 });
  assert.deepEqual(header(local), { version: 2, relayed: undefined, tlvs: new Map(), length: local.length });
  assert.equal(header(Buffer.concat([signature, Buffer.from([0x20, 0x00, 0, 0])])).relayed, undefined);
  assert.equal(header(Buffer.concat([signature, Buffer.from([0x21, 0x00, 0, 0])])).relayed, undefined);
  assert.equal(header(Buffer.from('PROXY UNKNOWN\r\n')).relayed, undefined);
  assert.equal(header(Buffer.from('PROXY UNKNOWN ffff::1 whatever\r\n')).relayed, undefined);
});

test('however the bytes are cut, the answer is the same, and it does not come before the header is complete', () => {
  const written = fc.oneof(
    encoded.map(version2),
    lines,
    fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.concat([signature, bytes])),
    fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.concat([Buffer.from('PROXY '), bytes])),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  );
  fc.assert(
    fc.property(written, (bytes) => {
      const whole = readProxyHeader(bytes, 'any');
      for (let length = 0; length < bytes.length; length += 1) {
        const part = readProxyHeader(bytes.subarray(0, length), 'any');
        if (part.kind === 'more') continue;
        assert.deepEqual(part, whole, `after ${length} bytes`);
        if (part.kind === 'header') assert.ok(part.length <= length);
      }
    }),
  );
});

test('a corrupted byte never throws and never takes more than the declared length, and a checksum that is still there finds it', () => {
  fc.assert(
    fc.property(encoded, fc.nat(), fc.integer({ min: 1, max: 255 }), (written, position, change) => {
      const bytes = Buffer.concat([version2({ ...written, checksum: true }), Buffer.alloc(1024)]);
      const at = position % (bytes.length - 1024);
      bytes[at] = (bytes[at] ?? 0) ^ change;
      const read = readProxyHeader(bytes, 'any');
      if (read.kind !== 'header') return;
      assert.ok(read.length <= 16 + bytes.readUInt16BE(14) && read.length <= 1024);
      // The change may have hidden the checksum itself; otherwise the checksum finds it.
      assert.ok(!read.header.tlvs.has(0x03), `byte ${at} of ${JSON.stringify(written)}`);
    }),
  );
});

test('the checksum is that of RFC 3720 appendix B.4', () => {
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
});

test('version 2: what the protocol forbids is refused with its reason', () => {
  const value = Buffer.from('x');
  const noop = { type: 0x04, value };
  const refusals: readonly (readonly [bytes: Buffer, problem: HeaderProblem])[] = [
    [version2({ command: 0x11 }), { kind: 'unknownCommand', value: 0x11 }],
    [version2({ command: 0x22 }), { kind: 'unknownCommand', value: 0x22 }],
    [version2({ family: 0x12 }), { kind: 'unknownFamily', value: 0x12 }],
    [version2({ family: 0x31 }), { kind: 'unknownFamily', value: 0x31 }],
    [version2({ length: 1009 }), { kind: 'tooLong' }],
    [version2({ length: 11 }), { kind: 'addressesCut' }],
    [version2({ family: 0x21 }), { kind: 'addressesCut' }],
    [version2({ tlvs: [{ type: 0xe1, value: Buffer.alloc(0) }], length: 14 }), { kind: 'tlvCut' }],
    [version2({ tlvs: [{ type: 0xe1, value }], length: 15 }), { kind: 'tlvOverrun', type: 0xe1 }],
    [
      version2({
        tlvs: [
          { type: 0xe1, value },
          { type: 0xe1, value },
        ],
      }),
      { kind: 'tlvTwice', type: 0xe1 },
    ],
    [version2({ tlvs: [{ type: 0x03, value }] }), { kind: 'checksum' }],
    [version2({ tlvs: [{ type: 0x03, value: Buffer.alloc(4) }] }), { kind: 'checksum' }],
  ];
  for (const [bytes, expected] of refusals) assert.deepEqual(problem(bytes), expected);
  // The near misses: the longest length, padding twice, no address after AF_UNSPEC.
  assert.equal(readProxyHeader(version2({ length: 1008 }), 'any').kind, 'more');
  assert.equal(header(version2({ tlvs: [noop, noop] })).tlvs.size, 1);
});

test('version 1: a malformed line is refused', () => {
  const malformed = [
    'PROXY TCP4 1.2.3.4 1.2.3.5 1\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.5 1 2 3\r\n',
    'PROXY TCP4  1.2.3.4 1.2.3.5 1 2\r\n',
    'PROXY TCP4 1.2.3.04 1.2.3.5 1 2\r\n',
    'PROXY TCP4 ::1 ::2 1 2\r\n',
    'PROXY TCP6 1.2.3.4 1.2.3.5 1 2\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.5 1 65536\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.5 01 2\r\n',
    'PROXY UDP4 1.2.3.4 1.2.3.5 1 2\r\n',
    'PROXY \r\n',
  ];
  for (const line of malformed) assert.deepEqual(problem(line), { kind: 'malformedLine' }, line);
  assert.deepEqual(problem(`PROXY UNKNOWN ${'x'.repeat(93)}`), { kind: 'tooLong' });
  assert.deepEqual(problem(`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`), { kind: 'tooLong' });
  assert.equal(header(Buffer.from(`PROXY UNKNOWN ${'x'.repeat(91)}\r\n`)).length, 107);
});

test('a version that is not accepted, and bytes that are not a header, are refused as such', () => {
  const line = 'PROXY TCP4 1.2.3.4 1.2.3.5 1 2\r\n';
  assert.deepEqual(problem(line, 2), { kind: 'versionNotAccepted', version: 1 });
  assert.deepEqual(problem(version2(), 1), { kind: 'versionNotAccepted', version: 2 });
  assert.equal(header(Buffer.from(line), 1).version, 1);
  assert.equal(header(version2(), 2).version, 2);
  for (const bytes of ['GET / HTTP/1.1\r\n', 'PROXX', 'proxy ', '\x16\x03\x01']) {
    assert.deepEqual(problem(bytes), { kind: 'notProxy' }, bytes);
  }
});
