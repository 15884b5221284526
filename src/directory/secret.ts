import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { WaitingLine } from '../shares/waiting-line.ts';

/**
 * Cost of a secret's hash. Secrets that we make have 240 bits and would be safe under any hash, but an operator may
 * choose one. So scrypt (RFC 7914), at a modest cost: the store that holds the hash is sealed already, and thousands of
 * CI jobs log in. N = 4096 and r = 8 take 4 MiB and some ten milliseconds of a pool thread.
 */
const cost = { N: 4096, r: 8, p: 1 };

/** At most this many hashes are computed at a time: they share libuv's four threads with the file system. */
const runningMax = 2;
/** And at most this many wait; then whoever has the most waiting is turned away, so that wrong secrets cannot fill the memory. */
const waitingMax = 64;

/** A right secret is believed again for this long without another scrypt. */
const rememberedMs = 5 * 60_000;
const rememberedMax = 10_000;

/**
 * A new client secret: 40 characters of base64url, 240 bits. It does not begin with a hyphen, which the Azure CLI and other
 * programs take for an option: `--password` "expected one argument".
 * @param random so many random bytes
 */
export function generateClientSecret(random: (size: number) => Buffer = randomBytes): string {
  for (;;) {
    const secret = random(30).toString('base64url');
    if (!secret.startsWith('-')) return secret;
  }
}

/** `scrypt$N$r$p$salt$hash`, the last two in base64url. */
export function hashClientSecret(secret: string): Promise<string> {
  return hashSecret(secret, cost);
}

/** The same for what a person remembers, at four times the cost. */
export function hashPassword(password: string): Promise<string> {
  return hashSecret(password, { ...cost, N: 4 * cost.N });
}

async function hashSecret(secret: string, { N, r, p }: typeof cost): Promise<string> {
  const salt = randomBytes(16);
  const digest = await derive(secret, salt, { N, r, p });
  return ['scrypt', N, r, p, salt.toString('base64url'), digest.toString('base64url')].join('$');
}

/** Where a secret comes from. Sites take turns, and at a site the names do. */
export interface Asker {
  /** As `siteOf` says it; `undefined` where it is not known. */
  readonly site: string | undefined;
  /** Of the client or the user. */
  readonly name: string;
}

export type SecretVerdict = 'right' | 'wrong' | 'busy';

/** Checks secrets against their hashes, within a bound of time and memory. */
export class SecretCheck {
  readonly #now: () => number;
  /** Digest of hash and secret → until when it is believed. Under a key of this process, so that it is worth nothing outside. */
  readonly #remembered = new Map<string, number>();
  readonly #rememberKey = randomBytes(32);
  readonly #waiting = new WaitingLine(waitingMax);
  #running = 0;

  /** `now` in milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether `secret` is one of those that were hashed. */
  async check(secret: string, hashes: readonly string[], asker: Asker): Promise<SecretVerdict> {
    const digests = hashes.map((hash) => this.#digest(hash, secret));
    if (digests.some((digest) => (this.#remembered.get(digest) ?? 0) > this.#now())) return 'right';
    if (!(await this.#enter(asker))) return 'busy';
    try {
      for (const [index, hash] of hashes.entries()) {
        if (!(await matches(secret, hash))) continue;
        this.#remember(digests[index]);
        return 'right';
      }
      return 'wrong';
    } finally {
      this.#leave();
    }
  }

  #digest(hash: string, secret: string): string {
    return createHmac('sha256', this.#rememberKey).update(`${hash}\n${secret}`).digest('base64url');
  }

  #remember(digest: string | undefined): void {
    if (digest === undefined) return;
    if (this.#remembered.size >= rememberedMax) this.#remembered.clear();
    this.#remembered.set(digest, this.#now() + rememberedMs);
  }

  /** Takes one of the places, waiting for it in turn; `false` when too many wait. */
  async #enter({ site = '', name }: Asker): Promise<boolean> {
    if (this.#running < runningMax) {
      this.#running += 1;
      return true;
    }
    return this.#waiting.join([site, name]);
  }

  /** Hands the place on to the next in turn, or frees it. */
  #leave(): void {
    if (!this.#waiting.next()) this.#running -= 1;
  }
}

/** Whether that is the secret that was hashed. */
export async function matches(secret: string, stored: string): Promise<boolean> {
  const [scheme, N, r, p, salt, digest] = stored.split('$');
  if (scheme !== 'scrypt' || salt === undefined || digest === undefined) {
    throw new Error('a secret is stored in a form that this version does not know: set it anew');
  }
  const expected = Buffer.from(digest, 'base64url');
  const actual = await derive(secret, Buffer.from(salt, 'base64url'), { N: Number(N), r: Number(r), p: Number(p) });
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

function derive(secret: string, salt: Buffer, { N, r, p }: typeof cost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, 32, { N, r, p }, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
