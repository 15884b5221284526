import { ownNames } from '../http/own-names.ts';
import { profileOf } from '../settings/rule-profile.ts';
import type { Settings } from '../settings/settings.ts';
import { applyAtStart } from '../setup/at-start.ts';
import type { AtStart } from '../setup/at-start.ts';
import type { OpenFolder } from './folder.ts';

interface Parts {
  /** `port` is the real one. */
  readonly settings: Settings;
  readonly nowMs: number;
  /** Tells the operator. */
  readonly notice: (message: string) => void;
}

/**
 * Applies the seed of the settings, or creates the demo. Call it before the server is opened, so that its rulebook loads the
 * subnets, and its audit log the records.
 * @throws an error that names the part of the seed that cannot be applied; then nothing was written
 */
export function seedStore(folder: OpenFolder, { settings, nowMs, notice }: Parts): Promise<AtStart> {
  const { vaultSuffix } = ownNames(settings.domain, settings).told;
  const starting = { seed: settings.seed, profile: profileOf(settings), nowMs, vaultSuffix, notice };
  return folder.inSetupTurn((store) => applyAtStart(store, folder, starting));
}
