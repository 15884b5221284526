/** Names of algorithms and types that occur in files but are not supported, for messages. */
const names: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.4', 'MD5 with RSA'],
  ['1.2.840.113549.1.1.5', 'SHA-1 with RSA'],
  ['1.2.840.113549.1.1.10', 'RSASSA-PSS'],
  ['1.2.840.10045.4.1', 'ECDSA with SHA-1'],
  ['1.3.101.112', 'Ed25519'],
  ['1.2.840.113549.1.5.3', 'PBES1 with MD5 and DES'],
  ['1.2.840.113549.1.5.10', 'PBES1 with SHA-1 and DES'],
  ['1.2.840.113549.1.12.1.1', 'PBES1 with 128 bit RC4'],
  ['1.2.840.113549.1.12.1.2', 'PBES1 with 40 bit RC4'],
  ['1.2.840.113549.3.2', 'PBES2 with RC2'],
  ['1.3.14.3.2.7', 'PBES2 with DES'],
  ['1.2.392.200011.61.1.1.1.4', 'PBES2 with Camellia'],
  ['1.3.6.1.4.1.11591.4.11', 'scrypt'],
  ['1.2.840.113549.2.5', 'MD5'],
  ['1.2.840.113549.1.7.2', 'signed data'],
  ['1.2.840.113549.1.7.3', 'data enveloped for a public key'],
  ['1.2.840.113549.1.12.10.1.4', 'a revocation list'],
  ['1.2.840.113549.1.12.10.1.5', 'a secret'],
  ['1.2.840.113549.1.9.22.2', 'an SDSI certificate'],
]);

/** The name, if there is one, and the object identifier. */
export function nameOfAlgorithm(identifier: string): string {
  const name = names.get(identifier);
  return name === undefined ? identifier : `${name} (${identifier})`;
}
