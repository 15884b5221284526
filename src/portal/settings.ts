import type { PortalSettings } from '../types/portal-settings.ts';
import { typedJson } from './typed-json.ts';

/** The server's settings, with the names that follow from the page's own origin. */
export interface Settings extends PortalSettings {
  /** The origin of the page, which is the authority's, the resource manager's and Graph's as well. */
  readonly origin: string;
  readonly resourceManagerResource: string;
  readonly graphResource: string;
  readonly vaultResource: string;
}

export async function loadSettings(origin: string): Promise<Settings> {
  const response = await fetch('/portal/settings.json', { cache: 'no-cache' });
  if (!response.ok) throw new Error(`the server did not give the portal's settings (${response.status})`);
  const settings = typedJson<PortalSettings>(await response.text());
  return {
    ...settings,
    origin,
    resourceManagerResource: `${origin}/`,
    graphResource: origin,
    vaultResource: `https://${settings.vaultSuffix.slice(1)}`,
  };
}
