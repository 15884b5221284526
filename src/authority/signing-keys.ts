import type { KeyObject } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { JWK } from 'jose';
import { recordPut } from '../store/records.ts';
import type { Put, Requirement, Store, Version } from '../store/store.ts';
import {
  keysMax,
  makeKey,
  newestFirst,
  putOf,
  readKeys,
  signingKeyRecord,
  stampKey,
  whileOthersChange,
} from './signing-key-records.ts';
import type { SigningKey } from './signing-key-records.ts';

interface Addition {
  readonly fromMs: number;
  readonly kept: readonly SigningKey[];
  readonly also: (kid: string) => readonly Put[];
}

/** The schedule of key renewal, in milliseconds. */
export interface RenewalTimes {
  /** How long a key signs. */
  readonly every: number;
  /** How long a new key is in the JWKS before it signs, for clients that cache it. */
  readonly announce: number;
}

export interface SigningKeysOptions {
  readonly store: Store;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long a replaced key verifies: at least a token's lifetime plus twice the clock skew. */
  readonly keepMs: number;
  /** Whether other nodes add and remove keys, too. */
  readonly shared?: boolean;
  /** Called after keys were added or removed: tokens verified with them must be forgotten (`Verifier.drop`). */
  readonly changed?: () => void;
}

/** How a key is replaced now. */
export interface RotateOptions {
  /** The keys before verify nothing from then on, and announced ones are gone too: a thief of one can sign no token. */
  readonly revoke?: boolean;
  /**
   * More to commit with the new key, such as its record; called with the ids of the keys. Called again where another node has
   * changed the keys meanwhile: what it returned before is not committed then.
   */
  readonly also?: (rotated: RotatedKeys) => readonly Put[];
}

interface RotatedKeys {
  /** The `kid` of the key that signed, and with `revoke` those of all keys before. */
  readonly from: readonly string[];
  /** The `kid` of the key that signs. */
  readonly to: string;
}

/** The least time between two reads for unknown keys: strangers can invent any number of them. */
const lookUpEveryMs = 250;
/** A JWK thumbprint (RFC 7638) by SHA-256, as all our keys have. */
const ourKid = /^[\w-]{43}$/;

/**
 * The RS256 keys of the authority. The newest key whose time has come signs. An older one verifies until every token that
 * it signed has expired, so a rotation invalidates no token. Private keys leave this class as KeyObjects only.
 *
 * A key with a time in the future was announced, or created with a wrong clock. It is kept, because the clock that is
 * wrong may be the present one.
 */
export class SigningKeys {
  readonly #options: SigningKeysOptions;
  /** Newest first, and never empty. */
  #keys: readonly [SigningKey, ...SigningKey[]];
  #required: Requirement;
  #reloading: Promise<void> | undefined;
  #changing: Promise<unknown> = Promise.resolve();
  #lookUp: Promise<void> | undefined;
  #lookedUpMs = -Infinity;

  private constructor(
    options: SigningKeysOptions,
    keys: readonly [SigningKey, ...SigningKey[]],
    version: Version | null,
  ) {
    this.#options = options;
    this.#keys = keys;
    this.#required = { key: stampKey, version };
  }

  /** Reads the keys, and creates the first one if none exists. */
  static async open(options: SigningKeysOptions): Promise<SigningKeys> {
    const { store, now } = options;
    return whileOthersChange(async () => {
      const { keys, version } = await readKeys(store);
      const [newest, ...older] = keys;
      if (newest !== undefined) return new SigningKeys(options, [newest, ...older], version);
      const first = await makeKey(now());
      const require = [{ key: stampKey, version }];
      const [made = null] = await store.transact({ require, put: [recordPut(stampKey, null), putOf(first)] });
      return new SigningKeys(options, [first], made);
    });
  }

  /**
   * What must hold for what these keys verify: where other nodes change them, that none has. Take it before the
   * verification; `reload` when it does not hold.
   */
  get requirements(): readonly Requirement[] {
    return this.#options.shared === true ? [this.#required] : [];
  }

  /** The key that signs now. */
  get current(): { readonly kid: string; readonly privateKey: KeyObject } {
    return this.#signing ?? this.#keys[0];
  }

  /** `undefined` while the clock is earlier than the time of every key. */
  get #signing(): SigningKey | undefined {
    const nowMs = this.#options.now();
    return this.#keys.find((key) => key.createdAt <= nowMs);
  }

  /** The public key with this `kid`; `undefined` when it never existed or all its tokens have expired. */
  find(kid: string): KeyObject | undefined {
    return this.#live().find((key) => key.kid === kid)?.publicKey;
  }

  /**
   * The same, where it is unknown here because another node has just made it. The store is read once for all that ask while
   * they wait, and not more often than `lookUpEveryMs`.
   */
  async lookUp(kid: string): Promise<KeyObject | undefined> {
    if (this.#options.shared !== true || !ourKid.test(kid)) return undefined;
    this.#lookUp ??= this.#readAgain();
    await this.#lookUp;
    return this.find(kid);
  }

  async #readAgain(): Promise<void> {
    const waitMs = this.#lookedUpMs + lookUpEveryMs - performance.now();
    if (waitMs > 0) await pause(waitMs, undefined, { ref: false });
    // A key that is asked for from here on may not be in what is read.
    this.#lookUp = undefined;
    this.#lookedUpMs = performance.now();
    await this.reload();
  }

  /** The JSON Web Key Set (RFC 7517) of all keys that verify. */
  jwks(): { readonly keys: readonly JWK[] } {
    return { keys: this.#live().map((key) => key.jwk) };
  }

  /**
   * Creates a key that signs from now on, and removes those that no longer verify, in one transaction.
   * @throws {RangeError} when too many keys still verify
   */
  rotate(options: RotateOptions = {}): Promise<RotatedKeys> {
    return this.#change(() => this.#rotate(options));
  }

  async #rotate({ revoke = false, also = () => [] }: RotateOptions): Promise<RotatedKeys> {
    const live = this.#live();
    if (live.length >= keysMax && !revoke) {
      throw new RangeError(
        `${live.length} signing keys still verify tokens in flight: rotate again when the oldest has expired, or revoke them`,
      );
    }
    const from = (revoke ? this.#keys : [this.current]).map(({ kid }) => kid);
    // If the clock was set back, an older key must not become the newest again.
    const nowMs = this.#options.now();
    const older = live.map((key) => (key.createdAt < nowMs ? key : { ...key, createdAt: nowMs - 1 }));
    const { kid } = await this.#add({ fromMs: nowMs, kept: revoke ? [] : older, also: (to) => also({ from, to }) });
    return { from, to: kid };
  }

  /**
   * Announces the next key when the signing one has been in use for long enough. If the time of no key has come, because of
   * a clock that was ahead then or is behind now, a new key signs at once. Returns the time from which the new key
   * signs, in milliseconds since 1970; `undefined` if none was created.
   */
  renew(times: RenewalTimes): Promise<number | undefined> {
    return this.#change(() => this.#renew(times));
  }

  async #renew({ every, announce }: RenewalTimes): Promise<number | undefined> {
    const nowMs = this.#options.now();
    const live = this.#live();
    if (live.length >= keysMax) return undefined;
    const signing = this.#signing;
    const isAnnounced = live.some(({ createdAt }) => createdAt > nowMs && createdAt <= nowMs + announce);
    if (signing !== undefined && (isAnnounced || nowMs - signing.createdAt < every - announce)) return undefined;
    const fromMs = signing === undefined ? nowMs : nowMs + announce;
    await this.#add({ fromMs, kept: live, also: () => [] });
    return fromMs;
  }

  /** A change of the keys, which begins again with what another node's has left if that was first. */
  #change<T>(change: () => Promise<T>): Promise<T> {
    return this.#alone(() =>
      whileOthersChange(async (isFirst) => {
        if (this.#options.shared === true || !isFirst) await this.#reload();
        return change();
      }),
    );
  }

  /** One change of the keys after the other: each begins with what the one before has left. */
  #alone<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.#changing.then(change);
    this.#changing = changed.catch(() => undefined);
    return changed;
  }

  /** Adds a key that signs from that time on, and removes those that are not in `kept`; it is not used before it is durable. */
  async #add({ fromMs, kept, also }: Addition): Promise<SigningKey> {
    const added = await makeKey(fromMs);
    const kids = new Set(kept.map(({ kid }) => kid));
    const gone = this.#keys.filter(({ kid }) => !kids.has(kid));
    const redated = kept.filter((key) => !this.#keys.includes(key));
    const [version = null] = await this.#options.store.transact({
      require: [this.#required],
      put: [recordPut(stampKey, null), ...[added, ...redated].map(putOf), ...also(added.kid)],
      delete: gone.map(({ kid }) => signingKeyRecord.key(kid)),
    });
    this.#required = { key: stampKey, version };
    const [newest = added, ...older] = [added, ...kept].toSorted(newestFirst);
    this.#keys = [newest, ...older];
    this.#options.changed?.();
    return added;
  }

  /** Reads the keys again after another node changed them: once for all that ask before the read begins. */
  reload(): Promise<void> {
    this.#reloading ??= this.#alone(() => {
      this.#reloading = undefined;
      return this.#reload();
    });
    return this.#reloading;
  }

  async #reload(): Promise<void> {
    const { keys, version } = await whileOthersChange(() => readKeys(this.#options.store, this.#keys));
    const [newest, ...older] = keys;
    if (newest === undefined)
      throw new Error(
        `the store lost its signing keys (${signingKeyRecord.pattern}…): restore it, or restart to create new ones`,
      );
    const before = new Set<SigningKey>(this.#keys);
    this.#keys = [newest, ...older];
    this.#required = { key: stampKey, version };
    if (before.size !== this.#keys.length || this.#keys.some((key) => !before.has(key))) this.#options.changed?.();
  }

  /** The keys that still verify. A key is replaced at the time of the next newer one. */
  #live(): readonly SigningKey[] {
    const since = this.#options.now() - this.#options.keepMs;
    return this.#keys.filter((_, index, keys) => {
      const replacedAt = keys[index - 1]?.createdAt;
      return replacedAt === undefined || replacedAt > since;
    });
  }
}
