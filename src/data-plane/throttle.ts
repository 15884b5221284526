import { memberOf } from '../http/request.ts';
import type { VaultInForce } from '../rulebook/rulebook.ts';
import type { Refusal } from './refusal.ts';

/** Azure limits each separately (service-limits, "Key transactions", "Secrets, managed storage account key, and vault transactions"). */
export type TransactionClass = 'general' | 'hsm' | 'softwareCreate' | 'hsmCreate' | 'setOrImport';

export type ThrottleLimits = Readonly<Record<TransactionClass, number>>;

/** How many transactions a vault may have in a window. A subscription may have five times as many. */
export const documentedLimits: ThrottleLimits = {
  general: 4000,
  hsm: 2000,
  softwareCreate: 20,
  hsmCreate: 10,
  setOrImport: 300,
};

const windowMs = 10_000;
const subscriptionFactor = 5;

/** By the size of a key: how many transactions with a 2048-bit key one transaction with it counts for. */
const weights: Readonly<Record<number, number>> = { 3072: 4, 4096: 8 };

export interface Transaction {
  readonly class: TransactionClass;
  readonly weight: number;
}

/** The transaction to count before an operation runs. `makes` is the `kty` of the key that it will make, if any. */
export function transactionOf(counts: 'setOrImport' | undefined, makes: string | undefined): Transaction {
  if (makes === undefined) return { class: counts ?? 'general', weight: 1 };
  return { class: isHsm(makes) ? 'hsmCreate' : 'softwareCreate', weight: 1 };
}

/** The transaction to count when the key that it used is known (`keyProperties` of its audit record). */
export function withKey(transaction: Transaction, keyProperties: unknown): Transaction {
  if (transaction.class !== 'general' || keyProperties === undefined) return transaction;
  const weight = weights[Number(memberOf(keyProperties, 'size'))] ?? 1;
  return { class: isHsm(memberOf(keyProperties, 'type')) ? 'hsm' : 'general', weight };
}

function isHsm(kty: unknown): boolean {
  return typeof kty === 'string' && kty.endsWith('-HSM');
}

/** The counter of a class of transactions, and what one of them costs in its units. */
interface Cost {
  readonly counter: string;
  readonly units: number;
  readonly limit: number;
}

/**
 * "The throttling thresholds are weighted, and enforcement is on their sum": general transactions and those with HSM keys
 * share a counter. Its units are whole numbers: with fractions, rounding would decide whether the last transaction fits.
 */
function costsOf(limits: ThrottleLimits): Readonly<Record<TransactionClass, Cost>> {
  const { general, hsm } = limits;
  const shared = (units: number) => ({ counter: 'general', units, limit: general * hsm });
  const own = (counter: TransactionClass) => ({ counter, units: 1, limit: limits[counter] });
  return {
    general: shared(hsm),
    // Never less than with a software key, even if only the general limit was set, to a lower number.
    hsm: shared(Math.max(general, hsm)),
    softwareCreate: own('softwareCreate'),
    hsmCreate: own('hsmCreate'),
    setOrImport: own('setOrImport'),
  };
}

/** The ids of a vault and its subscription, which are counted separately. */
type Counted = Pick<VaultInForce, 'incarnation' | 'subscriptionId'>;

/** The units that were counted for a request. */
export interface Taken {
  readonly window: number;
  readonly counters: readonly string[];
  readonly units: number;
}

export type Throttled =
  | { readonly ok: true; readonly taken: Taken }
  | { readonly ok: false; readonly reason: string; readonly retryAfterSeconds: number };

/** Counts the transactions in a window by vault and by subscription, on this server. Refused ones do not count. */
export class Throttle {
  readonly #costs: Readonly<Record<TransactionClass, Cost>>;
  #window = 0;
  readonly #counts = new Map<string, number>();

  constructor(limits: ThrottleLimits) {
    this.#costs = costsOf(limits);
  }

  /** The charge for one request to that vault. Nothing is counted yet. */
  charge(vault: Counted): Charge {
    return new Charge(this, vault);
  }

  /**
   * Counts a transaction in place of `before`, which was counted for the same request. If a limit is reached, counts
   * nothing for the request and returns the reason and when to try again.
   */
  take(
    vault: Counted,
    transaction: Transaction,
    { nowMs, before }: { readonly nowMs: number; readonly before?: Taken | undefined },
  ): Throttled {
    const window = Math.floor(nowMs / windowMs);
    if (window !== this.#window) {
      this.#window = window;
      this.#counts.clear();
    }
    if (before !== undefined) this.giveBack(before);
    const { counter, units: each, limit } = this.#costs[transaction.class];
    const units = each * transaction.weight;
    const of = [
      { key: `${counter} ${vault.incarnation}`, limit, reason: 'VaultRequestTypeLimitReached' },
      {
        key: `${counter} ${vault.subscriptionId}`,
        limit: limit * subscriptionFactor,
        reason: 'SubscriptionRequestTypeLimitReached',
      },
    ];
    const full = of.find(({ key, limit: most }) => this.#count(key) + units > most);
    if (full !== undefined) {
      const retryAfterSeconds = Math.ceil(((window + 1) * windowMs - nowMs) / 1000);
      return { ok: false, reason: full.reason, retryAfterSeconds };
    }
    const counters = of.map(({ key }) => key);
    this.#add(counters, units);
    return { ok: true, taken: { window, counters, units } };
  }

  /** Takes back what was counted for a request that is refused after all. */
  giveBack({ window, counters, units }: Taken): void {
    if (window === this.#window) this.#add(counters, -units);
  }

  #count(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  #add(counters: readonly string[], units: number): void {
    for (const key of counters) this.#counts.set(key, this.#count(key) + units);
  }
}

/** Counts one request, and only once if it is decided again. `take` and `takeForKey` return the refusal, if any. */
export class Charge {
  readonly #throttle: Throttle;
  readonly #vault: Counted;
  #counted: { readonly transaction: Transaction; readonly taken: Taken } | undefined;

  constructor(throttle: Throttle, vault: Counted) {
    this.#throttle = throttle;
    this.#vault = vault;
  }

  get isCounted(): boolean {
    return this.#counted !== undefined;
  }

  /** Counts the request before it runs. */
  take(transaction: Transaction, nowMs: number): Refusal | undefined {
    const before = this.#counted?.taken;
    this.#counted = undefined;
    const throttled = this.#throttle.take(this.#vault, transaction, { nowMs, before });
    if (throttled.ok) {
      this.#counted = { transaction, taken: throttled.taken };
      return undefined;
    }
    const { reason, retryAfterSeconds } = throttled;
    return { kind: 'throttled', reason, retryAfterSeconds };
  }

  /** Corrects the count when the key that the request used is known, before the request has any effect. */
  takeForKey(keyProperties: unknown, nowMs: number): Refusal | undefined {
    if (this.#counted === undefined) return undefined;
    const { transaction: before } = this.#counted;
    const transaction = withKey(before, keyProperties);
    if (transaction.class === before.class && transaction.weight === before.weight) return undefined;
    return this.take(transaction, nowMs);
  }

  /** Takes back what was counted. */
  giveBack(): void {
    if (this.#counted !== undefined) this.#throttle.giveBack(this.#counted.taken);
    this.#counted = undefined;
  }
}
