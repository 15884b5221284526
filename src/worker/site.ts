import { portalClientId } from '../directory/well-known.ts';
import type { HomeListener } from '../http/host.ts';
import type { OwnNames } from '../http/own-names.ts';
import type { Settings } from '../settings/settings.ts';
import type { Identity } from '../setup/identity.ts';
import { notBuilt } from '../site/portal-files.ts';
import type { FoundPortal } from '../site/portal-files.ts';
import { openSite } from '../site/site.ts';
import { portalRulesOf } from './rule-profile.ts';
import { release } from './upgrade.ts';

interface SiteOf {
  readonly settings: Settings;
  readonly identity: Identity;
  readonly portal?: FoundPortal;
}

/** The pages of this server. */
export function siteOf({ settings, identity, portal = notBuilt }: SiteOf, { sets }: OwnNames): HomeListener {
  const { tenantId, subscriptionId } = identity;
  return openSite({
    settings: { tenantId, clientId: portalClientId, subscriptionId, version: release, rules: portalRulesOf(settings) },
    sets,
    portal,
  });
}
