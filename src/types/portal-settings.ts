import type { RuleProfile, RuleProfileName, TrustScope } from './firewall.ts';

/**
 * The server, as the portal's pages must know it: the answer of `GET /portal/settings.json`, which needs no token.
 * The authority, the resource manager and Graph are the page's own origin.
 */
export interface PortalSettings {
  /** The home tenant, whose users sign in. */
  readonly tenantId: string;
  /** The client as which the portal signs in. */
  readonly clientId: string;
  /** It follows a vault's name in its host: `.vault.localhost:8443`. */
  readonly vaultSuffix: string;
  /** The subscription that the first start made. */
  readonly subscriptionId: string;
  /** The release of the server. */
  readonly version: string;
  /** With these `src/firewall` judges rules and requests in the browser as the server does. */
  readonly rules: {
    /** For `validateNetworkAcls`, with the limits of this server. */
    readonly profile: RuleProfile;
    /** For `trustFor`: the trusted services, and how far their trust reaches. */
    readonly trustedServices: { readonly list: RuleProfileName; readonly scope: TrustScope };
    /** For `compileFirewall`: whether a subnet that was only declared satisfies a rule. */
    readonly acceptDeclared: boolean;
  };
}
