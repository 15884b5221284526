import { recordKind } from '../store/keys.ts';
import { readRecords, recordPut } from '../store/records.ts';
import { Conflict } from '../store/store.ts';
import type { Store } from '../store/store.ts';

/** A request of an operator at another node. */
interface Order {
  readonly leave: true;
  /** The node that it was asked at. */
  readonly by: string;
}

const orders = recordKind<Order>({
  pattern: 'nodes/orders/',
  owner: 'worker',
  holds: 'that a node is to leave the store, by the id of the node',
});

/** Asks a node to leave: it does so within seconds. */
export async function orderToLeave(store: Pick<Store, 'transact'>, id: string, by: string): Promise<void> {
  await store.transact({ put: [recordPut(orders.key(id), { leave: true, by })] });
}

/** The node that has asked this one to leave, once; `undefined`: none has. */
export async function takeOrder(store: Pick<Store, 'read' | 'transact'>, id: string): Promise<string | undefined> {
  const key = orders.key(id);
  const [order] = await readRecords(store, { get: [key] });
  if (order === undefined) return undefined;
  try {
    await store.transact({ require: [{ key, version: order.version }], delete: [key] });
    return order.value.by;
  } catch (error) {
    if (error instanceof Conflict) return undefined;
    throw error;
  }
}

/** Forgets what was asked of a node before it started. */
export async function forgetOrder(store: Pick<Store, 'transact'>, id: string): Promise<void> {
  await store.transact({ delete: [orders.key(id)] });
}
