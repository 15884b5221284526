import { memberOf } from '../http/request.ts';
import type { VaultInForce } from '../rulebook/rulebook.ts';
import type { Refusal } from './refusal.ts';

/** What Azure limits apart (service-limits, "Key transactions", "Secrets, managed storage account key, and vault transactions"). */
export type TransactionClass = 'general' | 'hsm' | 'softwareCreate' | 'hsmCreate' | 'setOrImport';

export type ThrottleLimits = Readonly<Record<TransactionClass, number>>;

/** How many transactions a vault takes in a window; a subscription takes five times as many. */
export const documentedLimits: ThrottleLimits = {
  general: 4000,
  hsm: 2000,
  softwareCreate: 20,
  hsmCreate: 10,
  setOrImport: 300,
};

const windowMs = 10_000;
const subscriptionFactor = 5;

/** How many transactions with a 2048-bit key one with a larger key counts for. */
const weights: Readonly<Record<number, number>> = { 3072: 4, 4096: 8 };

export interface Transaction {
  readonly class: TransactionClass;
  readonly weight: number;
}

/** What an operation counts for before it is run; `makes` is the `kty` of the key that it is to make, if any. */
export function transactionOf(counts: 'setOrImport' | undefined, makes: string | undefined): Transaction {
  if (makes === undefined) return { class: counts ?? 'general', weight: 1 };
  return { class: isHsm(makes) ? 'hsmCreate' : 'softwareCreate', weight: 1 };
}

/** What it counts for once the key is known that it used (`keyProperties` of its audit record). */
export function withKey(transaction: Transaction, keyProperties: unknown): Transaction {
  if (transaction.class !== 'general' || keyProperties === undefined) return transaction;
  const weight = weights[Number(memberOf(keyProperties, 'size'))] ?? 1;
  return { class: isHsm(memberOf(keyProperties, 'type')) ? 'hsm' : 'general', weight };
}

function isHsm(kty: unknown): boolean {
  return typeof kty === 'string' && kty.endsWith('-HSM');
}

/** Where the transactions of a class are counted, and one of them in that counter's units. */
interface Cost {
  readonly counter: string;
  readonly units: number;
  readonly limit: number;
}

/**
 * "The throttling thresholds are weighted, and enforcement is on their sum": general transactions and those with HSM keys
 * share a counter. Its units are whole numbers, for of fractions the last that fits would be a matter of rounding.
 */
function costsOf(limits: ThrottleLimits): Readonly<Record<TransactionClass, Cost>> {
  const { general, hsm } = limits;
  const shared = (units: number) => ({ counter: 'general', units, limit: general * hsm });
  const own = (counter: TransactionClass) => ({ counter, units: 1, limit: limits[counter] });
  return {
    general: shared(hsm),
    // Never less than with a software key, also where only the general limit was set, and lower.
    hsm: shared(Math.max(general, hsm)),
    softwareCreate: own('softwareCreate'),
    hsmCreate: own('hsmCreate'),
    setOrImport: own('setOrImport'),
  };
}

/** Of a vault and of its subscription there is a count. */
type Counted = Pick<VaultInForce, 'incarnation' | 'subscriptionId'>;

/** What was counted for a request. */
export interface Taken {
  readonly window: number;
  readonly counters: readonly string[];
  readonly units: number;
}

export type Throttled =
  | { readonly ok: true; readonly taken: Taken }
  | { readonly ok: false; readonly reason: string; readonly retryAfterSeconds: number };

/** Counts the transactions of a window by vault and by subscription, on this server. A refused one does not count. */
export class Throttle {
  readonly #costs: Readonly<Record<TransactionClass, Cost>>;
  #window = 0;
  readonly #counts = new Map<string, number>();

  constructor(limits: ThrottleLimits) {
    this.#costs = costsOf(limits);
  }

  /** What is counted for one request to that vault: nothing yet. */
  charge(vault: Counted): Charge {
    return new Charge(this, vault);
  }

  /**
   * Counts a transaction, in place of what was counted for the same request before; or nothing of the request, and says
   * why and until when it is refused.
   */
  take(
    vault: Counted,
    transaction: Transaction,
    /** `now` in milliseconds since 1970. */
    { now, before }: { readonly now: number; readonly before?: Taken | undefined },
  ): Throttled {
    const window = Math.floor(now / windowMs);
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
      const retryAfterSeconds = Math.ceil(((window + 1) * windowMs - now) / 1000);
      return { ok: false, reason: full.reason, retryAfterSeconds };
    }
    const counters = of.map(({ key }) => key);
    this.#add(counters, units);
    return { ok: true, taken: { window, counters, units } };
  }

  /** What was counted for a request that is refused after all. */
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

/** What one request is counted for: once, however often it is decided again. Each method returns the refusal, if any. */
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

  /** Counts a request before it is run. */
  take(transaction: Transaction, nowMs: number): Refusal | undefined {
    const before = this.#counted?.taken;
    this.#counted = undefined;
    const throttled = this.#throttle.take(this.#vault, transaction, { now: nowMs, before });
    if (throttled.ok) {
      this.#counted = { transaction, taken: throttled.taken };
      return undefined;
    }
    const { reason, retryAfterSeconds } = throttled;
    return { kind: 'throttled', reason, retryAfterSeconds };
  }

  /** Counts it for what it turned out to be, by the key that it used, before anything comes of it. */
  takeForKey(keyProperties: unknown, nowMs: number): Refusal | undefined {
    if (this.#counted === undefined) return undefined;
    const { transaction: before } = this.#counted;
    const transaction = withKey(before, keyProperties);
    if (transaction.class === before.class && transaction.weight === before.weight) return undefined;
    return this.take(transaction, nowMs);
  }

  /** What is counted is given back. */
  giveBack(): void {
    if (this.#counted !== undefined) this.#throttle.giveBack(this.#counted.taken);
    this.#counted = undefined;
  }
}
