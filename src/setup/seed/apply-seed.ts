import type { Seed } from '../../seed/seed-file.ts';
import { Draft } from '../../store/draft.ts';
import { Conflict, merge } from '../../store/store.ts';
import type { Store } from '../../store/store.ts';
import { Applying, SeedRefused } from './applying.ts';
import type { SeedChange, SeedScope } from './applying.ts';
import { applyIdentity } from './identities.ts';
import { MadeObjects } from './made.ts';
import { applyGroup, applyNetwork } from './networks.ts';
import { prune } from './prune.ts';
import { applyUser } from './users.ts';
import { applyVault } from './vaults.ts';

/** The result: each part of the seed and what was done with it, or the part that cannot be applied, and why. */
export type AppliedSeed =
  | {
      readonly ok: true;
      readonly done: readonly SeedChange[];
      /** For the operator. */
      readonly notices: readonly string[];
    }
  | { readonly ok: false; readonly path: string; readonly message: string };

const attemptsMax = 5;

/**
 * Brings a store to what a seed says, by the rules of resources, objects and directory: it adds and changes what the seed
 * names, and removes nothing, except with `prune`. All of it is one transaction with its audit records, so a seed that is
 * refused changes nothing; where everything is as the seed says, nothing is written.
 */
export async function applySeed(store: Store, seed: Seed, scope: SeedScope): Promise<AppliedSeed> {
  for (let attempt = 1; ; attempt += 1) {
    const draft = new Draft(store);
    const applying = new Applying({ store: draft, made: await MadeObjects.read(draft) }, seed, scope);
    try {
      await applyAll(applying);
      const change = merge(applying.store.change(), { put: applying.records }, scope.also);
      if ((change.put?.length ?? 0) + (change.delete?.length ?? 0) > 0) await store.transact(change);
      return { ok: true, done: applying.done, notices: applying.notices };
    } catch (error) {
      if (error instanceof SeedRefused) return { ok: false, path: error.path, message: `${error.message}.` };
      if (!(error instanceof Conflict) || attempt === attemptsMax) throw error;
    } finally {
      await applying.close();
    }
  }
}

async function applyAll(applying: Applying): Promise<void> {
  const { seed, scope } = applying;
  const { networks, identities, users, vaults } = seed;
  // First, so that a range of addresses is free where a subnet goes.
  if (scope.prune === true) await prune(applying);
  // A seed without resources needs no group.
  if (Object.keys(networks).length + Object.keys(vaults).length > 0) await applyGroup(applying);
  for (const [name, network] of Object.entries(networks)) await applyNetwork(applying, name, network);
  for (const [name, identity] of Object.entries(identities)) await applyIdentity(applying, name, identity);
  for (const [name, user] of Object.entries(users)) await applyUser(applying, name, user);
  for (const [name, vault] of Object.entries(vaults)) await applyVault(applying, name, vault);
  await applying.made.write(applying.store);
}
