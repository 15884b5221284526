import { documentedLimits, Throttle } from '../data-plane/throttle.ts';
import type { Settings } from '../settings/settings.ts';

/** Nothing is throttled unless the settings ask for it; then what they leave out is as documented. */
export function throttleOf({ throttling }: Settings): Throttle | undefined {
  if (throttling === undefined) return undefined;
  const { general, hsm, softwareCreate, hsmCreate, setOrImport } = documentedLimits;
  return new Throttle({
    general: throttling.general ?? general,
    hsm: throttling.hsm ?? hsm,
    softwareCreate: throttling.softwareCreate ?? softwareCreate,
    hsmCreate: throttling.hsmCreate ?? hsmCreate,
    setOrImport: throttling.setOrImport ?? setOrImport,
  });
}
