import { memberOf } from '../http/parameters.ts';

/** What Azure counts apart (service-limits, "Key transactions", "Secrets, managed storage account key, and vault transactions"). */
export type TransactionClass = 'general' | 'hsm' | 'softwareCreate' | 'hsmCreate';

type ThrottleLimits = Readonly<Record<TransactionClass, number>>;

/** How many transactions a vault takes in a window; a subscription takes five times as many. */
export const documentedLimits: ThrottleLimits = { general: 4000, hsm: 2000, softwareCreate: 20, hsmCreate: 10 };

const windowMs = 10_000;
const subscriptionFactor = 5;

/** Operations that make a key, which are the dear ones. */
const creating: ReadonlySet<string> = new Set(['KeyCreate', 'KeyRotate', 'CertificateCreate']);

/** How many transactions with a 2048-bit key one with a larger key counts for. */
const weights: Readonly<Record<number, number>> = { 3072: 4, 4096: 8 };

export interface Transaction {
  readonly class: TransactionClass;
  readonly weight: number;
}

/** What an operation counts for before it is run, by its name and its body. */
export function transactionOf(operation: string, body: unknown): Transaction {
  if (!creating.has(operation)) return { class: 'general', weight: 1 };
  const kty = memberOf(body, 'kty') ?? memberOf(memberOf(memberOf(body, 'policy'), 'key_props'), 'kty');
  return { class: isHsm(kty) ? 'hsmCreate' : 'softwareCreate', weight: 1 };
}

/** What it counts for besides, once the key that it used is known (`keyProperties` of its audit record). */
export function surcharge(operation: string, keyProperties: unknown): Transaction | undefined {
  if (creating.has(operation)) return undefined;
  const weight = weights[Number(memberOf(keyProperties, 'size'))] ?? 1;
  if (isHsm(memberOf(keyProperties, 'type'))) return { class: 'hsm', weight };
  return weight === 1 ? undefined : { class: 'general', weight: weight - 1 };
}

function isHsm(kty: unknown): boolean {
  return typeof kty === 'string' && kty.endsWith('-HSM');
}

/** Counts the transactions of a window by vault and by subscription, on this server. A refused one does not count. */
export class Throttle {
  readonly #limits: ThrottleLimits;
  #window = 0;
  readonly #counts = new Map<string, number>();

  constructor(limits: ThrottleLimits) {
    this.#limits = limits;
  }

  /**
   * Counts a transaction, or says why and until when it is refused.
   * @param now milliseconds since 1970
   */
  take(
    vault: { readonly incarnation: string; readonly subscriptionId: string },
    transaction: Transaction,
    now: number,
  ): { readonly reason: string; readonly retryAfterSeconds: number } | undefined {
    const window = Math.floor(now / windowMs);
    if (window !== this.#window) {
      this.#window = window;
      this.#counts.clear();
    }
    const limit = this.#limits[transaction.class];
    const of = [
      { key: `${transaction.class} ${vault.incarnation}`, limit, reason: 'VaultRequestTypeLimitReached' },
      {
        key: `${transaction.class} ${vault.subscriptionId}`,
        limit: limit * subscriptionFactor,
        reason: 'SubscriptionRequestTypeLimitReached',
      },
    ].map((counter) => ({ ...counter, count: (this.#counts.get(counter.key) ?? 0) + transaction.weight }));
    const full = of.find((counter) => counter.count > counter.limit);
    if (full !== undefined) {
      return { reason: full.reason, retryAfterSeconds: Math.ceil(((window + 1) * windowMs - now) / 1000) };
    }
    for (const { key, count } of of) this.#counts.set(key, count);
    return undefined;
  }
}
