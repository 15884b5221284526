import {
  explicit,
  integer,
  derNull,
  objectIdentifier,
  octetString,
  sequence,
} from '../../../src/crypto/certificates/der-write.ts';

/** A ContentInfo of type data. */
export function dataOf(contents: Uint8Array): Buffer {
  return sequence(objectIdentifier('1.2.840.113549.1.7.1'), explicit(0, octetString(contents)));
}

/** A PKCS #12 file with a MAC by the format's own derivation in so many rounds, which no password matches. */
export function authenticatedFile(iterations: number): Buffer {
  const digest = sequence(sequence(objectIdentifier('1.3.14.3.2.26'), derNull), octetString(Buffer.alloc(20)));
  const macData = sequence(digest, octetString(Buffer.alloc(8)), integer(iterations));
  return sequence(integer(3), dataOf(sequence()), macData);
}
