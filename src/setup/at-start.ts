import type { SeedSetting } from '../settings/settings.ts';
import type { Store } from '../store/store.ts';
import type { RuleProfile } from '../types/firewall.ts';
import { createDemo, demoDone, seedDone } from './demo.ts';
import type { Owners } from './demo.ts';
import { applySeed } from './seed/apply-seed.ts';
import type { SeedChange } from './seed/applying.ts';
import { readMade } from './seed/made.ts';
import type { MadeIdentity } from './seed/made.ts';

/** The things that a start made or found, besides the server's own identities. */
export interface AtStart {
  readonly hasDemo: boolean;
  /** Each part of the seed and what was done with it; `undefined` without one. */
  readonly applied: readonly SeedChange[] | undefined;
  /** The identities that seeds made, also earlier ones. */
  readonly identities: readonly MadeIdentity[];
}

interface Starting {
  readonly nowMs: number;
  /** See `SeedScope`. */
  readonly vaultSuffix: string;
  readonly seed: SeedSetting | undefined;
  readonly profile: RuleProfile;
  readonly notice: (message: string) => void;
}

/**
 * Applies the seed of this start, which takes the place of the demo, or creates the demo.
 * @throws {SeedNotApplied} with the part of the seed that cannot be applied; then nothing was written
 */
export async function applyAtStart(store: Store, owners: Owners, starting: Starting): Promise<AtStart> {
  const { seed, notice } = starting;
  if (seed === undefined) await createDemo(store, owners, starting.nowMs);
  const applied = seed === undefined ? undefined : await applyFile(store, owners, { ...starting, seed });
  for (const message of applied?.notices ?? []) notice(message);
  const { identities } = await readMade(store);
  return { hasDemo: (await demoDone(store)) === true, applied: applied?.done, identities };
}

async function applyFile(
  store: Store,
  { identity, developer, portalUser }: Owners,
  { seed: { file, seed, prune }, profile, nowMs, vaultSuffix }: Starting & { readonly seed: SeedSetting },
) {
  const also = (await demoDone(store)) === undefined ? { also: seedDone } : {};
  const scope = { identity, developer, portalUser, profile, nowMs, vaultSuffix, prune, ...also };
  const applied = await applySeed(store, seed, scope);
  if (!applied.ok) throw new SeedNotApplied(`${file}: ${applied.message}`);
  return applied;
}

/** A seed that this store cannot be brought to. */
class SeedNotApplied extends Error {
  override readonly name = 'SeedNotApplied';
}
