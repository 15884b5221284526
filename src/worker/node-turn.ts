import { setTimeout as sleep } from 'node:timers/promises';
import { recordKind } from '../store/keys.ts';
import { readRecords, recordPut } from '../store/records.ts';
import { Conflict, requiringStore } from '../store/store.ts';
import type { Requirement, Store } from '../store/store.ts';

interface SetupTurn {
  readonly node: string;
  /** By the database's clock, in milliseconds since 1970. */
  readonly untilMs: number;
}

const turnKey = recordKind<SetupTurn>({
  pattern: 'setup/turn',
  owner: 'worker',
  holds: 'which of several nodes makes what a start makes, and until when',
}).key();

/** A start that takes longer is cut off by the next node, and begins again. */
const turnMs = 60_000;
const lookEveryMs = 100;
const waitMaxMs = 5 * 60_000;
const triesMax = 10;

export interface TurnParts {
  readonly node: string;
  /** The database's clock, in milliseconds since 1970. */
  readonly clock: () => Promise<number>;
  /** Tells the operator what the start waits for. */
  readonly notice: (message: string) => void;
}

/**
 * Does the work of a start while no other node does: what a start makes, several nodes that start together make once, and the
 * later ones find it. The work gets a store that ends in a conflict once the turn is another node's, and is done again after one.
 * @throws {Conflict} when it was done too often in vain
 */
export async function inSetupTurn<T>(store: Store, parts: TurnParts, work: (store: Store) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const held = await takeTurn(store, parts);
    try {
      const result = await work(requiringStore(store, [held]));
      await store.transact({ require: [held], delete: [turnKey] });
      return result;
    } catch (error) {
      if (error instanceof Conflict && tries < triesMax) continue;
      await store.transact({ require: [held], delete: [turnKey] }).catch(() => undefined);
      throw error;
    }
  }
}

async function takeTurn(store: Store, { node, clock, notice }: TurnParts): Promise<Requirement> {
  for (let waitedMs = 0; ; waitedMs += lookEveryMs) {
    const [record] = await readRecords(store, { get: [turnKey] });
    const nowMs = await clock();
    const isFree = record === undefined || record.value.untilMs <= nowMs || record.value.node === node;
    if (isFree) {
      const taken = await tryTurn(store, record?.version ?? null, { node, untilMs: nowMs + turnMs });
      if (taken !== undefined) return taken;
    } else if (waitedMs === 0) {
      notice(`The start waits for the node ${record.value.node}, which makes what a start makes.`);
    }
    if (waitedMs >= waitMaxMs)
      throw new Error(
        'The other nodes of the store start again and again: look at their logs, and start this one later.',
      );
    await sleep(lookEveryMs);
  }
}

async function tryTurn(store: Store, before: string | null, turn: SetupTurn): Promise<Requirement | undefined> {
  try {
    const [version = ''] = await store.transact({
      require: [{ key: turnKey, version: before }],
      put: [recordPut(turnKey, turn)],
    });
    return { key: turnKey, version };
  } catch (error) {
    if (error instanceof Conflict) return undefined;
    throw error;
  }
}
