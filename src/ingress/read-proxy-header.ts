import type { AcceptedVersion, HeaderProgress } from './proxy-header.ts';
import { readVersion1 } from './proxy-version-1.ts';
import { readVersion2, signature } from './proxy-version-2.ts';

/**
 * Reads the bytes of a connection that have arrived so far. After `header` or `problem`, more bytes do not change the
 * answer, so it does not matter how the bytes were split on their way.
 */
export function readProxyHeader(bytes: Uint8Array, accept: AcceptedVersion): HeaderProgress {
  const version = versionOf(bytes);
  if (version === 'more') return { kind: 'more' };
  if (version === undefined) return { kind: 'problem', problem: { kind: 'notProxy' } };
  if (accept !== 'any' && accept !== version) {
    return { kind: 'problem', problem: { kind: 'versionNotAccepted', version } };
  }
  return version === 1 ? readVersion1(bytes) : readVersion2(bytes);
}

const beginnings = [
  { version: 1, bytes: new TextEncoder().encode('PROXY ') },
  { version: 2, bytes: signature },
] as const;

function versionOf(bytes: Uint8Array): 1 | 2 | 'more' | undefined {
  for (const beginning of beginnings) {
    const length = Math.min(bytes.length, beginning.bytes.length);
    if (Buffer.compare(bytes.subarray(0, length), beginning.bytes.subarray(0, length)) !== 0) continue;
    return length === beginning.bytes.length ? beginning.version : 'more';
  }
  return undefined;
}
