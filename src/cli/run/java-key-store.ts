import { createHash, X509Certificate } from 'node:crypto';

/** Java's own format of trust stores: every Java since 1.2 reads it, whatever its default is. */
const magic = 0xfeed_feed;
const version = 2;
const trustedCertificate = 2;
/** Milliseconds since 1970, of an entry; nothing reads it. */
const noTime = Buffer.alloc(8);
/** The password of Java's own `cacerts`. */
const password = 'changeit';

/**
 * A trust store with the certificates of a PEM file. Its layout is that of `sun.security.provider.JavaKeyStore`: a head,
 * the entries, and SHA-1 over the password, a fixed phrase and all of that, which Java checks only when it is told the
 * password. It protects nothing here: the contents are public.
 */
export function javaKeyStore(pem: string): Uint8Array {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const certificates = blocks.flatMap(readable);
  const head = Buffer.concat([uint32(magic), uint32(version), uint32(certificates.length)]);
  const entries = certificates.map((der, index) =>
    Buffer.concat([
      uint32(trustedCertificate),
      shortText(`root-${index}`),
      noTime,
      shortText('X.509'),
      uint32(der.length),
      der,
    ]),
  );
  const content = Buffer.concat([head, ...entries]);
  const secret = Buffer.from(password, 'utf16le').swap16();
  const digest = createHash('sha1').update(secret).update('Mighty Aphrodite').update(content).digest();
  return Buffer.concat([content, digest]);
}

/** A system's file may hold what OpenSSL does not read; the rest must still be trusted. */
function readable(block: string): readonly Buffer[] {
  try {
    return [new X509Certificate(block).raw];
  } catch {
    return [];
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** `DataOutput.writeUTF`, for ASCII. */
function shortText(text: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return Buffer.concat([length, Buffer.from(text, 'latin1')]);
}
