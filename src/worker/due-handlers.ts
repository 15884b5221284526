import type { NameSet } from '../http/name-set.ts';
import { vaultId } from '../resources/keys.ts';
import { dueOfVault } from '../resources/purge.ts';
import type { DueKind } from '../schedule/due.ts';
import type { DueHandler } from '../schedule/scheduler.ts';
import type { Store } from '../store/store.ts';
import type { KeyEngine } from '../types/key.ts';

/** What the handlers of due work are given. */
export interface DueWorld {
  readonly store: Store;
  readonly engine: KeyEngine;
  /** The names under which records speak of objects. */
  readonly names: NameSet;
  /** Destroys what purged vaults left. */
  readonly destroyLeftovers: () => Promise<void>;
}

/** Who does which work when its time has come. */
export function dueHandlers(world: DueWorld): Readonly<Partial<Record<DueKind, DueHandler>>> {
  return {
    purgeVault: (subject, now) => purgeVault(subject, now, world),
  };
}

async function purgeVault(
  ...[subject, now, { store, destroyLeftovers }]: readonly [...Parameters<DueHandler>, DueWorld]
): ReturnType<DueHandler> {
  const due = await dueOfVault(store, subject, now);
  if (due === 'nothing') return {};
  if (due === 'clear') {
    await destroyLeftovers();
    return {};
  }
  return { change: due.change, audit: { operationName: 'VaultPurge', resourceId: vaultId(due.vault) } };
}
