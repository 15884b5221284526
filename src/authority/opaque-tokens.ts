import { randomBytes } from 'node:crypto';
import { open, seal, SealingKey } from '../crypto/seal.ts';
import { parseJsonBody } from '../http/request.ts';
import { recordKind } from '../store/keys.ts';
import { readRecords, recordPut } from '../store/records.ts';
import type { Store } from '../store/store.ts';

const key = recordKind<string>({
  pattern: 'authority/sealing-key',
  owner: 'authority',
  holds: 'the key that refresh tokens and sessions are sealed under, in base64url',
}).key();

/** What a sealed text is for: one can never be taken for the other. */
export type Purpose = 'refresh' | 'session' | 'sign-in';

/**
 * Strings that only this authority can read and make: refresh tokens, sessions, and what a sign-in page must bring back.
 * They hold what they stand for, so that a stranger's requests leave nothing behind in the store.
 */
export class OpaqueTokens {
  readonly #key: SealingKey;

  private constructor(bytes: Uint8Array) {
    this.#key = new SealingKey(bytes);
  }

  /** Reads the key from the store, and makes it where it does not exist. */
  static async open(store: Store): Promise<OpaqueTokens> {
    const [known] = await readRecords(store, { get: [key] });
    if (known !== undefined) return new OpaqueTokens(Buffer.from(known.value, 'base64url'));
    const made = randomBytes(32);
    const put = [recordPut(key, made.toString('base64url'))];
    await store.transact({ require: [{ key, version: null }], put });
    return new OpaqueTokens(made);
  }

  seal(purpose: Purpose, content: object): string {
    return Buffer.from(seal(this.#key, Buffer.from(JSON.stringify(content)), Buffer.from(purpose))).toString(
      'base64url',
    );
  }

  /** What was sealed for that purpose; `undefined` for anything else. */
  open(purpose: Purpose, text: string): Readonly<Record<string, unknown>> | undefined {
    const plain = open(this.#key, Buffer.from(text, 'base64url'), Buffer.from(purpose));
    if (plain === undefined) return undefined;
    const parsed = parseJsonBody(Buffer.from(plain));
    return parsed.ok && typeof parsed.value === 'object' && parsed.value !== null ? { ...parsed.value } : undefined;
  }
}
