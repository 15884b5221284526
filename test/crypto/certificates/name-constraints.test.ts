import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  der,
  explicit,
  implicit,
  objectIdentifier,
  octetString,
  sequence,
} from '../../../src/crypto/certificates/der-write.ts';
import { nameConstraints } from '../../../src/crypto/certificates/extensions.ts';
import { readNameConstraints } from '../../../src/crypto/certificates/name-constraints.ts';
import {
  makeCertificateAuthority,
  makeServerCertificate,
  namesUnder,
} from '../../../src/crypto/certificates/server-certificates.ts';

const now = 1_790_000_000_000;
const [ipv4, ipv6] = [Buffer.alloc(8), Buffer.alloc(32)];

/** No more of a certificate than what leads to its extensions. */
function withExtensions(...extensions: readonly Uint8Array[]): Buffer {
  return sequence(sequence(Buffer.of(2, 1, 1), der(0x30), explicit(3, sequence(...extensions))));
}

function constraints(...subtrees: readonly Uint8Array[]): Buffer {
  return sequence(objectIdentifier('2.5.29.30'), octetString(sequence(...subtrees)));
}

describe('the name constraints of a certificate', () => {
  it('are those that our own authority was made with', async () => {
    const authority = await makeCertificateAuthority(namesUnder('postern.test'), now);
    const expected = { critical: true, permittedDnsNames: ['postern.test'], excludedAddresses: [ipv4, ipv6] };
    assert.deepEqual(readNameConstraints(new X509Certificate(authority.certificate).raw), expected);
    const server = await makeServerCertificate(authority, namesUnder('postern.test'), now);
    assert.equal(readNameConstraints(new X509Certificate(server.certificate).raw), undefined);
  });

  it('are found behind other extensions, with their criticality and only the kinds asked for', () => {
    const other = sequence(objectIdentifier('2.5.29.14'), octetString(Buffer.of(4, 0)));
    const found = readNameConstraints(withExtensions(other, nameConstraints(['a.test'])));
    assert.deepEqual([found?.critical, found?.permittedDnsNames], [true, ['a.test']]);
    const mail = sequence(implicit(1, Buffer.from('a.test')));
    assert.deepEqual(readNameConstraints(withExtensions(constraints(explicit(0, mail)))), {
      critical: false,
      permittedDnsNames: [],
      excludedAddresses: [],
    });
  });

  it('do not exist without the extension, or without any', () => {
    assert.equal(readNameConstraints(withExtensions()), undefined);
    assert.equal(readNameConstraints(sequence(sequence(Buffer.of(2, 1, 1)))), undefined);
  });

  it('are malformed with a minimum, which would make them mean something else, or with more behind them', () => {
    const withMinimum = sequence(implicit(2, Buffer.from('a.test')), implicit(0, Buffer.of(1)));
    assert.throws(() => readNameConstraints(withExtensions(constraints(explicit(0, withMinimum)))), /after its end/);
    const third = explicit(2, Buffer.alloc(0));
    assert.throws(() => readNameConstraints(withExtensions(constraints(third))), /after its end/);
    assert.throws(() => readNameConstraints(Buffer.from('no certificate')), /missing/);
  });
});
