import { berToDer, ValueCount } from './ber.ts';
import { wholeSequence } from './der-read.ts';
import { tags } from './der-write.ts';
import { passphraseOf, Work } from './key-derivation.ts';
import { decryptWithPassword } from './password-encryption.ts';
import { outcomeOf, Refused } from './refusal.ts';

const what = 'private key';

/**
 * The PrivateKeyInfo in an EncryptedPrivateKeyInfo (RFC 5958 section 3), with the ciphers and limits of PKCS #12.
 * @throws {Refused} @throws {Malformed}
 */
export async function decryptPrivateKey(bytes: Uint8Array, password: string): Promise<Buffer> {
  const count = new ValueCount();
  const encrypted = wholeSequence(berToDer(bytes, count), 'an encrypted private key');
  const algorithm = encrypted.sequence('the encryption algorithm');
  const ciphertext = encrypted.octetString('an encrypted private key');
  encrypted.end();
  const keyed = { passphrase: passphraseOf(password), work: new Work(what) };
  const plaintext = await decryptWithPassword(algorithm, ciphertext, keyed);
  // A wrong password gives valid padding once in 256 times, but then not a valid key.
  const found = plaintext && outcomeOf(what, () => berToDer(plaintext, count));
  if (found?.ok === true && found.value[0] === tags.sequence) return found.value;
  throw new Refused({ kind: 'keyNotDecrypted' });
}
