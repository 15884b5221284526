import { documentedLimits, Throttle } from '../data-plane/throttle.ts';
import type { Settings } from '../settings/settings.ts';

/** Nothing is throttled unless the settings ask for it; omitted limits are the documented ones. */
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
