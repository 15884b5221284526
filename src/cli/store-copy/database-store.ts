import { randomUUID } from 'node:crypto';
import { copyNode, isLiving, livingMs } from '../../store/node-store.ts';
import { openPostgresStore } from '../../store/postgres/postgres.ts';
import { Unavailable } from '../../store/store.ts';
import type { Store } from '../../store/store.ts';
import { CommandFailed } from '../failed.ts';

/** The way to a database, as `postern start` has it. */
export interface DatabaseWanted {
  readonly url: string;
  readonly password: string | undefined;
  /** PEM. */
  readonly ca: string | undefined;
}

export interface DatabaseStore {
  readonly store: Store;
  /** Ends the use of it, also as a node. */
  close(): Promise<void>;
}

/**
 * Opens the store in a database that no server uses.
 * @throws {CommandFailed} with the names of the servers that do
 */
export async function openDatabaseStore({ url, password, ca }: DatabaseWanted): Promise<DatabaseStore> {
  const id = randomUUID();
  const store = await openPostgresStore({
    url,
    password,
    ca,
    node: { id, name: copyNode, details: {} },
    now: Date.now,
  });
  const close = async (): Promise<void> => {
    try {
      await store.nodes.leave();
    } catch (error) {
      // A copy that is whole has not failed because its row stays, which counts as dead in a few seconds.
      if (!(error instanceof Unavailable)) throw error;
    } finally {
      await store.close();
    }
  };
  try {
    const { nowMs, nodes } = await store.nodes.list();
    // Two copies are kept apart by the records of the store.
    const servers = nodes.filter((node) => node.name !== copyNode && isLiving(node, nowMs));
    if (servers.length > 0) throw inUse(servers.map(({ name }) => name));
    // Of copies that were killed.
    for (const dead of nodes) if (dead.name === copyNode) await store.nodes.remove(dead.id, livingMs);
    return { store, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function inUse(names: readonly string[]): CommandFailed {
  const remedy = 'Stop every server on it (postern nodes), and wait for ten seconds after one that was killed.';
  return new CommandFailed(`The database is in use by ${names.join(', ')}.`, remedy);
}
