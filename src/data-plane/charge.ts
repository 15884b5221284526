import { readAlone } from '../store/reading.ts';
import type { Store } from '../store/store.ts';
import type { Admitted, Exchange } from './exchange.ts';
import type { Call } from './operation.ts';
import { Refused } from './refusal.ts';
import { transactionOf, withKey } from './throttle.ts';
import type { Throttle, Transaction } from './throttle.ts';

interface ChargeWorld {
  readonly store: Store;
  /** Absent where nothing is throttled. */
  readonly throttle: Throttle | undefined;
  readonly now: () => number;
}

/**
 * Counts a request before it is run, and once, however often it is decided anew.
 * @throws {Refused} when the vault has had its share of the window
 */
export async function charge(exchange: Exchange, call: Call, world: ChargeWorld): Promise<void> {
  const { admitted, charged } = exchange;
  if (admitted === undefined || charged !== undefined) return;
  const { card, require } = admitted;
  const makes = card.makes === undefined ? undefined : await readAlone(world.store, require, card.makes(call));
  take(exchange, transactionOf(card.counts, makes), { ...world, admitted });
}

/**
 * Counts it for what it turned out to be, by the key that it used, before anything comes of it.
 * @throws {Refused} when there is no room for that; then nothing of it counts
 */
export function chargeKey(exchange: Exchange, keyProperties: unknown, world: ChargeWorld): void {
  const { admitted, charged } = exchange;
  if (admitted === undefined || charged === undefined) return;
  const transaction = withKey(charged.transaction, keyProperties);
  const isCounted =
    transaction.class === charged.transaction.class && transaction.weight === charged.transaction.weight;
  if (!isCounted) take(exchange, transaction, { ...world, admitted });
}

/** "Failed requests that return a 429 do not count" (overview-throttling), whatever they are refused for. */
export function discharge(exchange: Exchange, { throttle }: ChargeWorld): void {
  if (exchange.charged !== undefined) throttle?.giveBack(exchange.charged.taken);
  delete exchange.charged;
}

function take(
  exchange: Exchange,
  transaction: Transaction,
  { throttle, now, admitted }: ChargeWorld & { readonly admitted: Admitted },
): void {
  const before = exchange.charged?.taken;
  delete exchange.charged;
  const throttled = throttle?.take(admitted.vault, transaction, { now: now(), before });
  if (throttled === undefined) return;
  if (!throttled.ok) {
    const { reason, retryAfterSeconds } = throttled;
    throw new Refused({ kind: 'throttled', reason, retryAfterSeconds });
  }
  exchange.charged = { transaction, taken: throttled.taken };
}
