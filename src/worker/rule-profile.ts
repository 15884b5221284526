import type { CompileOptions } from '../firewall/compile.ts';
import { trustFor } from '../firewall/trust.ts';
import { profileOf } from '../settings/rule-profile.ts';
import type { Settings } from '../settings/settings.ts';
import type { PortalSettings } from '../types/portal-settings.ts';

/** The settings of every vault's firewall: the services that the bypass lets in, and whether a declared subnet counts. */
export function firewallOf(settings: Settings): CompileOptions {
  const { list, scope } = trustedServicesOf(settings);
  return { acceptDeclared: settings.acceptDeclared, trust: trustFor(list, scope) };
}

/** The list of trusted services that is in force, and how far their trust reaches. */
function trustedServicesOf({ rules, trustedServices }: Settings): PortalSettings['rules']['trustedServices'] {
  const { list = rules, scope = 'scenario' } = trustedServices ?? {};
  return { list, scope };
}

/** The same settings for the portal, which judges rules and requests in the browser. */
export function portalRulesOf(settings: Settings): PortalSettings['rules'] {
  const { acceptDeclared } = settings;
  return { profile: profileOf(settings), trustedServices: trustedServicesOf(settings), acceptDeclared };
}
