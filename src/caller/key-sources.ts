import type { KeyObject } from 'node:crypto';
import type { ReadableStream } from 'node:stream/web';
import { createLocalJWKSet, errors } from 'jose';
import type { CryptoKey, JSONWebKeySet } from 'jose';
import type { TokenRefusal } from './refusal.ts';

/** Finds an issuer's verification key by the token's `alg` and `kid`, before the signature is verified. */
export type KeySource = (header: KeyHeader) => Promise<KeyAnswer>;

export interface KeyHeader {
  readonly alg: string;
  readonly kid: string | undefined;
}

export type KeyAnswer =
  { readonly ok: true; readonly key: KeyObject | CryptoKey } | { readonly ok: false; readonly refusal: TokenRefusal };

/**
 * Keys of this service; `lookUp` finds one that `find` does not know yet. `find` must return the same KeyObject for a `kid`
 * each time, because jose caches by that object.
 */
export function ownKeys(
  find: (kid: string) => KeyObject | undefined,
  lookUp: (kid: string) => Promise<KeyObject | undefined> = async () => undefined,
): KeySource {
  return async ({ kid }) => {
    const key = kid === undefined ? undefined : (find(kid) ?? (await lookUp(kid)));
    return key === undefined ? { ok: false, refusal: { kind: 'unknownKey', kid } } : { ok: true, key };
  };
}

export interface RemoteKeysOptions {
  /** The time limit for one fetch. */
  readonly timeoutMs?: number;
  /** After a fetch, an unknown `kid` causes no further fetch for this long: strangers can invent any number of them. */
  readonly cooldownMs?: number;
  /** After a failed fetch, the next one waits this long. */
  readonly retryAfterMs?: number;
  /** A fetched key set is fetched again after this long. */
  readonly maxAgeMs?: number;
  /** While it cannot be fetched again, a key set is used for this long since it was fetched. */
  readonly staleMs?: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Called when a fetch fails after one that did not, with the cause. */
  readonly failed?: (cause: string) => void;
}

/** The size limit of a JWKS (RFC 7517 section 5): a sign-in must not have to read ten thousand keys. */
const documentBytesMax = 256 * 1024;

/**
 * The keys at the address `jwks`; without one, at the `jwks_uri` of the issuer's discovery document (OpenID Connect Discovery
 * 1.0, section 4). No other address is ever fetched: a token's `jku` and `x5u` are ignored, and a redirect is an error. The
 * address must be https, or http on this machine's loopback; that of a document is on loopback only if its issuer is.
 * @throws {RangeError} on another scheme
 */
export function remoteKeys(issuer: string, jwks: URL | undefined, options: RemoteKeysOptions): KeySource {
  const keySet = new RemoteKeySet(issuer, jwks, options);
  const unavailable = { ok: false, refusal: { kind: 'keysUnavailable', issuer } } as const;
  return async ({ alg, kid }) => {
    for (const find of [() => keySet.known(), () => keySet.newer()]) {
      const found = await find();
      if (found === 'unavailable') return unavailable;
      if (found === undefined) break;
      try {
        return { ok: true, key: await found(kid === undefined ? { alg } : { alg, kid }) };
      } catch (error) {
        // Otherwise the set selects not exactly one key.
        if (!unknownKeyErrors.some((kind) => error instanceof kind)) return unavailable;
      }
    }
    return { ok: false, refusal: { kind: 'unknownKey', kid } };
  };
}

type LocalKeys = ReturnType<typeof createLocalJWKSet>;

/** The key set was read, and the token does not select exactly one of its keys. */
const unknownKeyErrors = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];

/**
 * A key set that is fetched when it is needed. While its issuer does not answer, the keys that are known go on for a day, and
 * only the first request waits for that.
 */
class RemoteKeySet {
  readonly #issuer: string;
  readonly #jwks: URL | undefined;
  readonly #options: Required<RemoteKeysOptions>;
  #keys: { readonly find: LocalKeys; readonly fetchedMs: number } | undefined;
  #failedMs: number | undefined;
  #fetching: Promise<void> | undefined;

  constructor(issuer: string, jwks: URL | undefined, options: RemoteKeysOptions) {
    this.#issuer = issuer;
    this.#jwks = jwks;
    this.#options = { ...defaults, ...options };
    const address = jwks ?? discoveryAddress(issuer);
    const rule = wrongAddress(address, true);
    if (rule !== undefined) {
      throw new RangeError(`the JWKS address ${address.href} of issuer ${issuer} ${rule}: give its https address`);
    }
  }

  /** The keys, fetched where that is due. */
  async known(): Promise<LocalKeys | 'unavailable'> {
    const { now, maxAgeMs, staleMs } = this.#options;
    if (this.#keys === undefined || !isWithin(now(), this.#keys.fetchedMs, maxAgeMs)) {
      const fetched = this.#fetch();
      // A request that can be answered does not wait for an issuer that did not answer before.
      if (this.#keys === undefined || this.#failedMs === undefined) await fetched;
    }
    const keys = this.#keys;
    return keys !== undefined && now() - keys.fetchedMs < staleMs ? keys.find : 'unavailable';
  }

  /** The keys after another fetch, because a key was not among them; `undefined` if it is too early for that. */
  async newer(): Promise<LocalKeys | 'unavailable' | undefined> {
    const { now, cooldownMs } = this.#options;
    const before = this.#keys;
    if (this.#failedMs === undefined && before !== undefined && isWithin(now(), before.fetchedMs, cooldownMs))
      return undefined;
    await this.#fetch();
    return this.#keys === before ? 'unavailable' : this.#keys?.find;
  }

  /** One fetch at a time, and none for a while after a failed one. */
  #fetch(): Promise<void> {
    const { now, retryAfterMs } = this.#options;
    if (this.#failedMs !== undefined && isWithin(now(), this.#failedMs, retryAfterMs))
      return this.#fetching ?? Promise.resolve();
    this.#fetching ??= this.#fetchNow().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #fetchNow(): Promise<void> {
    const { now, timeoutMs, failed } = this.#options;
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const address = this.#jwks ?? (await discover(this.#issuer, signal));
      const keySet = await fetchJson(address, signal);
      if (!isKeySet(keySet)) throw new Error(`${address.href} answered with what is not a JWKS`);
      this.#keys = { find: createLocalJWKSet(keySet), fetchedMs: now() };
      this.#failedMs = undefined;
    } catch (error) {
      const isFirst = this.#failedMs === undefined;
      this.#failedMs = now();
      if (isFirst) failed(causeOf(error));
    }
  }
}

/**
 * Whether it is less than so long since then. A time to come is of a clock that was ahead, and holds nothing back: with the
 * clock put right, new keys of an issuer would else be unknown for as long as it was ahead.
 */
function isWithin(nowMs: number, sinceMs: number, lengthMs: number): boolean {
  return nowMs >= sinceMs && nowMs - sinceMs < lengthMs;
}

const defaults = {
  timeoutMs: 5_000,
  cooldownMs: 30_000,
  retryAfterMs: 5_000,
  maxAgeMs: 600_000,
  staleMs: 86_400_000,
  failed: () => undefined,
};

function discoveryAddress(issuer: string): URL {
  return new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
}

/** The address of the keys in the issuer's document, which must name the issuer byte for byte (section 4.3). */
async function discover(issuer: string, signal: AbortSignal): Promise<URL> {
  const address = discoveryAddress(issuer);
  const document = membersOf(await fetchJson(address, signal));
  const [named, jwks] = [document.get('issuer'), document.get('jwks_uri')];
  if (named !== issuer) throw new Error(`${address.href} is of the issuer ${JSON.stringify(named)}, not of ${issuer}`);
  const found = typeof jwks === 'string' ? URL.parse(jwks) : null;
  if (found === null) throw new Error(`${address.href} has no jwks_uri that is a URL`);
  const rule = wrongAddress(found, address.protocol === 'http:');
  if (rule !== undefined) throw new Error(`the jwks_uri ${found.href} of ${address.href} ${rule}`);
  return found;
}

/** Its keys are checked one by one, by jose. */
function isKeySet(value: unknown): value is JSONWebKeySet {
  const keys = membersOf(value).get('keys');
  return Array.isArray(keys) && keys.every((key) => typeof key === 'object' && key !== null);
}

function membersOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
}

/** Why keys may not come from there; `undefined` if they may. */
function wrongAddress({ protocol, hostname }: URL, loopback: boolean): string | undefined {
  if (protocol === 'https:' || (loopback && protocol === 'http:' && isLoopback(hostname))) return undefined;
  const why = 'is not https, so anyone on the path could put their own keys into it';
  return loopback ? `${why} (plain http is accepted on loopback only)` : why;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

async function fetchJson(url: URL, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, { headers: { accept: 'application/json' }, redirect: 'manual', signal });
  const body = await readBounded(response);
  if (response.status !== 200) throw new Error(`${url.href} answered ${response.status} where 200 was expected`);
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new Error(`${url.href} answered with what is not JSON`);
  }
}

async function readBounded(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const body: ReadableStream<Uint8Array> | null = response.body;
  if (body === null) return Buffer.alloc(0);
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > documentBytesMax) throw new Error(`${response.url} answered more than ${documentBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The reason of Node's `fetch` is in the cause of its error. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
