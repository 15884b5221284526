import type { KeyObject } from 'node:crypto';
import type { ReadableStream } from 'node:stream/web';
import { createRemoteJWKSet, customFetch, errors } from 'jose';
import type { CryptoKey, FetchImplementation } from 'jose';
import type { TokenRefusal } from './refusal.ts';

/** Finds an issuer's verification key by the token's `alg` and `kid`, before the signature is verified. */
export type KeySource = (header: KeyHeader) => Promise<KeyAnswer>;

export interface KeyHeader {
  readonly alg: string;
  readonly kid: string | undefined;
}

export type KeyAnswer =
  { readonly ok: true; readonly key: KeyObject | CryptoKey } | { readonly ok: false; readonly refusal: TokenRefusal };

/** Keys of this process. `find` must return the same KeyObject for a `kid` each time, because jose caches by that object. */
export function ownKeys(find: (kid: string) => KeyObject | undefined): KeySource {
  return async ({ kid }) => {
    const key = kid === undefined ? undefined : find(kid);
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
  /** Milliseconds since 1970, for `retryAfterMs`. */
  readonly now: () => number;
}

/** The size limit of a JWKS (RFC 7517 section 5): a sign-in must not have to read ten thousand keys. */
const jwksBytesMax = 256 * 1024;

/**
 * The keys at the address `jwks`. No other address is ever fetched: a token's `jku` and `x5u` are ignored, and a redirect
 * is an error. The address must be https, or http on this machine's loopback.
 * @throws {RangeError} on another scheme
 */
export function remoteKeys(issuer: string, jwks: URL, options: RemoteKeysOptions): KeySource {
  if (jwks.protocol !== 'https:' && !(jwks.protocol === 'http:' && isLoopback(jwks.hostname))) {
    throw new RangeError(
      `the JWKS address ${jwks.href} of issuer ${issuer} is not https, so anyone on the path could put their own keys ` +
        'into it: give its https address (plain http is accepted on loopback only)',
    );
  }
  const keySet = createRemoteJWKSet(jwks, {
    timeoutDuration: options.timeoutMs ?? 5_000,
    cooldownDuration: options.cooldownMs ?? 30_000,
    cacheMaxAge: options.maxAgeMs ?? 600_000,
    [customFetch]: boundedFetch(options.retryAfterMs ?? 5_000, options.now),
  });
  return async ({ alg, kid }) => {
    try {
      return { ok: true, key: await keySet(kid === undefined ? { alg } : { alg, kid }) };
    } catch (error) {
      const unknown = unknownKeyErrors.some((kind) => error instanceof kind);
      return { ok: false, refusal: unknown ? { kind: 'unknownKey', kid } : { kind: 'keysUnavailable', issuer } };
    }
  };
}

/** The key set was read, and the token does not select exactly one of its keys. */
const unknownKeyErrors = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** A `fetch` that limits the size of the answer and waits after a failure. */
function boundedFetch(retryAfterMs: number, now: () => number): FetchImplementation {
  let notBefore = 0;
  return async (url, { headers, method, redirect, signal }) => {
    if (now() < notBefore) throw new Error(`${url} failed a moment ago; it is not tried again yet`);
    try {
      const response = await fetch(url, { headers, method, redirect, signal });
      const body = await readBounded(response);
      if (response.status !== 200) throw new Error(`${url} answered ${response.status} where 200 was expected`);
      return new Response(body, { status: 200 });
    } catch (error) {
      notBefore = now() + retryAfterMs;
      throw error;
    }
  };
}

async function readBounded(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  const body: ReadableStream<Uint8Array> | null = response.body;
  if (body === null) return Buffer.concat(chunks);
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > jwksBytesMax) throw new Error(`${response.url} answered more than ${jwksBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
