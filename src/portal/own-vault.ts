import type { PortalSettings } from '../types/portal-settings.ts';

/** A vault's token is sent to this server's vaults only, whatever a resource says of itself. */
export function ownVault(vaultUri: string, { vaultSuffix }: Pick<PortalSettings, 'vaultSuffix'>): string {
  const url = new URL(vaultUri);
  if (url.protocol !== 'https:' || !url.host.endsWith(vaultSuffix))
    throw new Error(`${vaultUri} is not of this server`);
  return `${url.origin}/`;
}
