import { createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, exportJWK } from 'jose';
import type { JWK } from 'jose';
import { recordKind } from '../store/keys.ts';
import { listRecords, recordPut } from '../store/records.ts';
import type { Put, Store } from '../store/store.ts';

/** So many keys verify at a time: more would mean a rotation a minute, and a JWKS that clients refuse to read. */
const keysMax = 64;

/**
 * A key as it is stored (sealed by the store): PKCS #8, and when it came or will come into use, in milliseconds since 1970.
 */
interface SigningKeyRecord {
  readonly kid: string;
  readonly createdAt: number;
  readonly pkcs8: string;
}

const stored = recordKind<SigningKeyRecord>({
  pattern: 'authority/signing-key/',
  owner: 'authority',
  holds: 'a key that signs tokens, or signed them',
});

interface SigningKey {
  readonly kid: string;
  readonly createdAt: number;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** As the JWKS shows it. */
  readonly jwk: JWK;
}

/** How the keys are renewed, in milliseconds. */
export interface RenewalTimes {
  /** For so long a key signs. */
  readonly every: number;
  /** For so long the next one is in the JWKS before it signs, for whoever keeps a copy. */
  readonly announce: number;
}

export interface SigningKeysOptions {
  readonly store: Store;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A replaced key verifies for this long: no less than a token's life and twice the clocks' difference. */
  readonly keepMs: number;
  /** Called after keys came or went: what was verified with them must be forgotten (`Verifier.drop`). */
  readonly changed?: () => void;
}

const generateRsa = promisify(generateKeyPair);

/**
 * The RS256 keys of the authority. The newest whose time has come signs; an older one goes on verifying until every token
 * that it signed has expired, so that a rotation breaks nothing in flight. Private keys leave this class as KeyObjects only.
 *
 * A key from the future is one that was announced, or a wrong clock made it. It is not thrown away for that: perhaps it
 * is now that the clock is wrong.
 */
export class SigningKeys {
  readonly #options: SigningKeysOptions;
  /** Newest first, and never empty. */
  #keys: readonly [SigningKey, ...SigningKey[]];

  private constructor(options: SigningKeysOptions, keys: readonly [SigningKey, ...SigningKey[]]) {
    this.#options = options;
    this.#keys = keys;
  }

  /** Reads the keys, and makes the first one where no key exists. */
  static async open(options: SigningKeysOptions): Promise<SigningKeys> {
    const [newest, ...older] = await readKeys(options.store);
    return new SigningKeys(options, newest === undefined ? [await addKey(options, options.now())] : [newest, ...older]);
  }

  /** The key that signs now. */
  get current(): { readonly kid: string; readonly privateKey: KeyObject } {
    return this.#signing ?? this.#keys[0];
  }

  /** `undefined` while the clock is behind the time of every key. */
  get #signing(): SigningKey | undefined {
    const nowMs = this.#options.now();
    return this.#keys.find((key) => key.createdAt <= nowMs);
  }

  /** The public key of `kid`; `undefined` when there never was one, or its tokens have all expired. */
  find(kid: string): KeyObject | undefined {
    return this.#live().find((key) => key.kid === kid)?.publicKey;
  }

  /** The JSON Web Key Set (RFC 7517) of all keys that verify. */
  jwks(): { readonly keys: readonly JWK[] } {
    return { keys: this.#live().map((key) => key.jwk) };
  }

  /**
   * Puts a new key into use, and removes those that verify no longer. Returns its `kid`.
   * @throws {RangeError} when too many keys still verify
   */
  async rotate(): Promise<string> {
    const { store } = this.#options;
    const live = this.#live();
    if (live.length >= keysMax) {
      throw new RangeError(
        `${live.length} signing keys still verify tokens in flight: rotate again when the oldest has run out`,
      );
    }
    // A clock that was set back must not bring an older key into use again.
    const nowMs = this.#options.now();
    const older = live.map((key) => (key.createdAt < nowMs ? key : { ...key, createdAt: nowMs - 1 }));
    const redated = older.filter((key, index) => key !== live[index]);
    if (redated.length > 0) await store.transact({ put: redated.map(putOf) });
    return this.#add(nowMs, older);
  }

  /**
   * Announces the next key when the one that signs has done so for long enough. Where no key's time has come, because
   * they were made with a clock ahead of its time, or the clock is behind now, a new one signs at once. Returns when the
   * new key comes into use, in milliseconds since 1970; `undefined` where none was made.
   */
  async renew({ every, announce }: RenewalTimes): Promise<number | undefined> {
    const nowMs = this.#options.now();
    const live = this.#live();
    if (live.length >= keysMax) return undefined;
    const signing = this.#signing;
    const isAnnounced = live.some(({ createdAt }) => createdAt > nowMs && createdAt <= nowMs + announce);
    if (signing !== undefined && (isAnnounced || nowMs - signing.createdAt < every - announce)) return undefined;
    const fromMs = signing === undefined ? nowMs : nowMs + announce;
    await this.#add(fromMs, live);
    return fromMs;
  }

  /** Adds a key that comes into use at that time, and forgets those that are not in `kept`. */
  async #add(fromMs: number, kept: readonly SigningKey[]): Promise<string> {
    const added = await addKey(this.#options, fromMs);
    const kids = new Set(kept.map(({ kid }) => kid));
    const gone = this.#keys.filter(({ kid }) => !kids.has(kid));
    if (gone.length > 0) await this.#options.store.transact({ delete: gone.map((key) => stored.key(key.kid)) });
    const [newest = added, ...older] = [added, ...kept].toSorted(newestFirst);
    this.#keys = [newest, ...older];
    this.#options.changed?.();
    return added.kid;
  }

  /** Reads the keys again, after another node has changed them. */
  async reload(): Promise<void> {
    const [newest, ...older] = await readKeys(this.#options.store);
    if (newest === undefined)
      throw new Error(`the store lost its signing keys (${stored.pattern}…): restore it, or restart to make new ones`);
    this.#keys = [newest, ...older];
    this.#options.changed?.();
  }

  /** A key was replaced when the next newer one was made. */
  #live(): readonly SigningKey[] {
    const since = this.#options.now() - this.#options.keepMs;
    return this.#keys.filter((_, index, keys) => {
      const replacedAt = keys[index - 1]?.createdAt;
      return replacedAt === undefined || replacedAt > since;
    });
  }
}

async function readKeys(store: Store): Promise<readonly SigningKey[]> {
  const records = await listRecords(store, { prefix: stored.prefix(), limit: 2 * keysMax });
  const keys = await Promise.all(records.map(({ value }) => toSigningKey(value)));
  return keys.toSorted(newestFirst);
}

function newestFirst(a: SigningKey, b: SigningKey): number {
  return b.createdAt - a.createdAt || (a.kid < b.kid ? -1 : 1);
}

/** Makes a key and stores it; it is not used before it is durable. It comes into use at `createdAt` (ms). */
async function addKey({ store }: SigningKeysOptions, createdAt: number): Promise<SigningKey> {
  // 2048 bits is what Entra's own signing keys have.
  const { privateKey, publicKey } = await generateRsa('rsa', { modulusLength: 2048 });
  const record: SigningKeyRecord = {
    kid: await calculateJwkThumbprint(publicKey.export({ format: 'jwk' })),
    createdAt,
    pkcs8: privateKey.export({ format: 'pem', type: 'pkcs8' }),
  };
  await store.transact({ put: [recordPut(stored.key(record.kid), record)] });
  return toSigningKey(record);
}

function putOf({ kid, createdAt, privateKey }: SigningKey): Put {
  return recordPut(stored.key(kid), { kid, createdAt, pkcs8: privateKey.export({ format: 'pem', type: 'pkcs8' }) });
}

async function toSigningKey({ kid, createdAt, pkcs8 }: SigningKeyRecord): Promise<SigningKey> {
  const privateKey = createPrivateKey(pkcs8);
  const publicKey = createPublicKey(privateKey);
  const jwk = { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' };
  return { kid, createdAt, privateKey, publicKey, jwk };
}
