import type { CertifiableKey, CertificateContents } from '../../types/certificate.ts';
import { wholeSequence } from './der-read.ts';
import type { DerReader } from './der-read.ts';
import { bitString, der, integer, objectIdentifier, sequence, set, tags } from './der-write.ts';
import { contentExtensions, readExtensions } from './extensions.ts';
import type { ExtensionFacts } from './extensions.ts';
import { publicKeyInfo, signatureAlgorithmOf, signWith, verifies } from './keys.ts';
import { nameToDer } from './name.ts';
import { outcomeOfAsync, Refused } from './refusal.ts';
import type { Outcome } from './refusal.ts';

/** The attribute with the requested extensions (RFC 2985 section 5.4.2). */
const extensionRequest = '1.2.840.113549.1.9.14';

/** A parsed request. Name and public key are in DER, as in the request. */
export interface RequestParts {
  readonly subject: Buffer;
  readonly publicKey: Buffer;
  readonly extensions: ExtensionFacts;
}

/** A signed certificate request (PKCS #10, RFC 2986) as DER. */
export function makeRequest(material: CertifiableKey, contents: CertificateContents): Promise<Outcome<Uint8Array>> {
  return outcomeOfAsync('certificate request', async () => {
    const extensions = contentExtensions(contents);
    const attributes =
      extensions.length === 0 ? [] : [sequence(objectIdentifier(extensionRequest), set(sequence(...extensions)))];
    const information = sequence(
      integer(0),
      nameToDer(contents.subject),
      publicKeyInfo(material),
      der(0xa0, ...attributes),
    );
    const signature = await signWith(material, information);
    return sequence(information, signatureAlgorithmOf(material).encoded, bitString(signature));
  });
}

/**
 * Parses a request and checks its signature, which proves possession of the key (RFC 2986 section 3).
 * @throws {Malformed} @throws {Refused}
 */
export function parseRequest(request: Uint8Array): RequestParts {
  const outer = wholeSequence(request, 'the request');
  const information = outer.next(tags.sequence, 'the request');
  const algorithm = outer.sequence('the signature algorithm').objectIdentifier('the signature algorithm');
  const signature = outer.bitString('the signature');
  outer.end();
  const body = wholeSequence(information.whole, 'the request');
  body.integer('the version');
  const subject = body.next(tags.sequence, 'the subject').whole;
  const publicKey = body.next(tags.sequence, 'the public key').whole;
  const attributes = body.done ? undefined : body.inside(0xa0, 'the attributes');
  body.end();
  const extensions = readExtensions(attributes && requestedExtensions(attributes));
  if (!verifies(publicKey, algorithm, { data: information.whole, signature })) {
    throw new Refused({ kind: 'requestNotSigned' });
  }
  return { subject, publicKey, extensions };
}

/** Other attributes, such as a challenge password, are ignored: they add nothing to a certificate. */
function requestedExtensions(attributes: DerReader): DerReader | undefined {
  while (!attributes.done) {
    const attribute = attributes.sequence('an attribute');
    const type = attribute.objectIdentifier('the type of an attribute');
    const values = attribute.inside(tags.set, 'the values of an attribute');
    if (type === extensionRequest) return values.sequence('the extensions');
  }
  return undefined;
}
