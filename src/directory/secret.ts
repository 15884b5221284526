import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { WaitingLine } from '../shares/waiting-line.ts';

/**
 * The cost of a secret's hash. Generated secrets have 240 bits and would be safe under any hash, but an operator may
 * choose a weaker one, hence scrypt (RFC 7914). The cost is modest, because the store that holds the hash is sealed and
 * thousands of CI jobs sign in. N = 4096 and r = 8 take 4 MiB and about ten milliseconds of a pool thread.
 */
const cost = { N: 4096, r: 8, p: 1 };

/** The most hashes computed at the same time: they share libuv's four threads with the file system. */
const runningMax = 2;
/** The most checks that wait; then the requester with the most waiting is refused, so that wrong secrets cannot fill the memory. */
const waitingMax = 64;

/** A correct secret is accepted again for this long without another scrypt. */
const rememberedMs = 5 * 60_000;
const rememberedMax = 10_000;

/**
 * Generates a client secret: 40 characters of base64url, 240 bits. It never begins with a hyphen, which the Azure CLI and
 * other programs take for an option: `--password` "expected one argument".
 * @param random returns `size` random bytes
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

/** The same for a password that a person remembers, at four times the cost. */
export function hashPassword(password: string): Promise<string> {
  return hashSecret(password, { ...cost, N: 4 * cost.N });
}

async function hashSecret(secret: string, { N, r, p }: typeof cost): Promise<string> {
  const salt = randomBytes(16);
  const digest = await derive(secret, salt, { N, r, p });
  return ['scrypt', N, r, p, salt.toString('base64url'), digest.toString('base64url')].join('$');
}

/** The source of a secret that is checked. Sites take turns, and within a site its names take turns. */
export interface Requester {
  /** From `siteOf`; `undefined` if it is not known. */
  readonly site: string | undefined;
  /** The client or the user. */
  readonly name: string;
}

export type SecretVerdict = 'right' | 'wrong' | 'busy';

/** Checks secrets against their hashes, within bounds of time and memory. */
export class SecretCheck {
  readonly #now: () => number;
  /** Digest of hash and secret → when it expires, in milliseconds. Keyed with a key of this process, so a digest is useless elsewhere. */
  readonly #remembered = new Map<string, number>();
  readonly #rememberKey = randomBytes(32);
  readonly #waiting = new WaitingLine(waitingMax);
  #running = 0;

  /** `now` in milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether one of `hashes` is the hash of `secret`. */
  async check(secret: string, hashes: readonly string[], requester: Requester): Promise<SecretVerdict> {
    const digests = hashes.map((hash) => this.#digest(hash, secret));
    if (digests.some((digest) => (this.#remembered.get(digest) ?? 0) > this.#now())) return 'right';
    if (!(await this.#enter(requester))) return 'busy';
    try {
      for (const [index, hash] of hashes.entries()) {
        if (!(await matchesHash(secret, hash))) continue;
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

  /** Takes a place, waiting in turn if none is free; `false` when too many wait. */
  async #enter({ site = '', name }: Requester): Promise<boolean> {
    if (this.#running < runningMax) {
      this.#running += 1;
      return true;
    }
    return this.#waiting.join([site, name]);
  }

  /** Gives the place to the next in turn, or frees it. */
  #leave(): void {
    if (!this.#waiting.next()) this.#running -= 1;
  }
}

/** Whether `stored` is the hash of the secret. */
export async function matchesHash(secret: string, stored: string): Promise<boolean> {
  const [scheme, N, r, p, salt, digest] = stored.split('$');
  if (scheme !== 'scrypt' || salt === undefined || digest === undefined) {
    throw new Error('a secret is stored in a form that this version does not know: set it again');
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
