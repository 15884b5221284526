import { createHmac, randomBytes } from 'node:crypto';
import { open, seal, SealingKey } from '../crypto/seal.ts';
import { parseJsonBody } from '../http/request.ts';
import { recordKind } from '../store/keys.ts';
import { readRecords, recordPut } from '../store/records.ts';
import { Conflict } from '../store/store.ts';
import type { Store } from '../store/store.ts';

const key = recordKind<string>({
  pattern: 'authority/sealing-key',
  owner: 'authority',
  holds: 'the key that refresh tokens and sessions are sealed under, in base64url',
}).key();

/** The purpose of a sealed string, which cannot be opened for another purpose. */
export type Purpose = 'refresh' | 'session' | 'sign-in' | 'code';

/**
 * Strings that only this authority can make and read: refresh tokens, sessions, the state of a sign-in page, and codes. They
 * contain their own data, so a stranger's requests leave nothing in the store.
 */
export class OpaqueTokens {
  readonly #key: SealingKey;
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.#key = new SealingKey(bytes);
    this.#bytes = bytes;
  }

  /** Reads the key from the store, and creates it if it does not exist. */
  static async open(store: Store): Promise<OpaqueTokens> {
    const [known] = await readRecords(store, { get: [key] });
    if (known !== undefined) return new OpaqueTokens(Buffer.from(known.value, 'base64url'));
    const made = randomBytes(32);
    const put = [recordPut(key, made.toString('base64url'))];
    try {
      await store.transact({ require: [{ key, version: null }], put });
    } catch (error) {
      // Another node has just made it.
      if (error instanceof Conflict) return OpaqueTokens.open(store);
      throw error;
    }
    return new OpaqueTokens(made);
  }

  seal(purpose: Purpose, content: object): string {
    return Buffer.from(seal(this.#key, Buffer.from(JSON.stringify(content)), Buffer.from(purpose))).toString(
      'base64url',
    );
  }

  /** A number below `count` for a name; without the key it cannot be foretold which names have the same one. */
  placeOf(name: string, count: number): number {
    return createHmac('sha256', this.#bytes).update(`place ${name}`).digest().readUInt32BE() % count;
  }

  /** Opens a string that was sealed for that purpose; `undefined` for anything else. */
  open(purpose: Purpose, sealed: string): Readonly<Record<string, unknown>> | undefined {
    const plain = open(this.#key, Buffer.from(sealed, 'base64url'), Buffer.from(purpose));
    if (plain === undefined) return undefined;
    const parsed = parseJsonBody(Buffer.from(plain));
    return parsed.ok && typeof parsed.value === 'object' && parsed.value !== null ? { ...parsed.value } : undefined;
  }
}
