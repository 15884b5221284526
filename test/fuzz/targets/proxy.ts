import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import type { HeaderProgress } from '../../../src/ingress/proxy-header.ts';
import { readProxyHeader } from '../../../src/ingress/read-proxy-header.ts';
import { subnetTlv, version2 } from '../../ingress/proxy-encoder.ts';
import type { FuzzTarget } from '../target.ts';

/** The most bytes of either header. */
const mostBytes = 1_040;

/**
 * The answer does not depend on how the bytes were split; a header is within its bytes and names valid addresses;
 * version 1 follows the specification's own grammar.
 */
export const proxy: FuzzTarget = {
  form: 'bytes',
  samples: () => ({
    inputs: [
      version2({ tlvs: [subnetTlv('11111111-2222-4333-8444-555555555555')] }),
      version2({ addresses: ['2001:db8::7', '2001:db8::1'], checksum: true }),
      version2({ command: 0x20, tlvs: [{ type: 0x04, value: Buffer.alloc(12) }], checksum: true }),
      version2({ tlvs: [{ type: 0x20, value: Buffer.from([1, 0, 0, 0, 0, 0x21, 0, 7, ...Buffer.from('TLSv1.3')]) }] }),
      Buffer.from('PROXY TCP4 203.0.113.7 198.51.100.10 40000 443\r\nGET / HTTP/1.1\r\n'),
      Buffer.from('PROXY TCP6 2001:db8::7 2001:db8::1 40000 443\r\n'),
      Buffer.from('PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n'),
    ],
    read(input) {
      const whole = readProxyHeader(input, 'any');
      assertHeader(whole, input);
      let answered: HeaderProgress = { kind: 'more' };
      for (let length = 0; length <= Math.min(input.length, mostBytes); length += 1) {
        const now = readProxyHeader(input.subarray(0, length), 'any');
        if (answered.kind === 'more') answered = now;
        else assert.equal(now.kind, answered.kind, `${length} bytes`);
      }
      if (answered.kind !== 'more') assert.deepEqual(whole, answered);
    },
  }),
};

function assertHeader(progress: HeaderProgress, input: Uint8Array): void {
  if (progress.kind !== 'header') return;
  const { header, length } = progress;
  assert.ok(length <= input.length && length <= mostBytes, `${length} of ${input.length} bytes`);
  for (const address of header.relayed === undefined ? [] : [header.relayed.source, header.relayed.destination]) {
    assert.ok(address.family === 4 ? isIPv4(address.text) : isIPv6(address.text), address.text);
  }
  if (header.version === 2) return;
  const line = Buffer.from(input.subarray(0, length)).toString('latin1');
  assert.match(line, /^PROXY (?:UNKNOWN(?: .*)?|TCP[46] [\da-fA-F.:]+ [\da-fA-F.:]+ \d{1,5} \d{1,5})\r\n$/s);
}
