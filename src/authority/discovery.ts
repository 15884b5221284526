import type { NameSet } from '../http/host.ts';
import { memberOf } from '../http/request.ts';
import type { Endpoint } from './endpoint.ts';
import { issuerOf } from './issuer.ts';
import { refused } from './refusal.ts';
import { tenantOfDiscovery, tenantOfIssuer } from './tenant.ts';
import { grantTypes } from './token.ts';
import type { Authority } from './services.ts';

/** The members that both versions of the configuration share (OpenID Connect Discovery 1.0 section 3). */
const commonMembers = {
  token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
  grant_types_supported: grantTypes,
  code_challenge_methods_supported: ['S256'],
  response_modes_supported: ['query', 'fragment', 'form_post'],
  response_types_supported: ['code'],
  subject_types_supported: ['pairwise'],
  id_token_signing_alg_values_supported: ['RS256'],
  scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
};

interface Discovered {
  /** The authority's origin under the requested name. */
  readonly origin: string;
  /** Graph's, which serves OpenID Connect's userinfo. */
  readonly graph: string;
  readonly tenant: string;
}

/** The configuration of version 1, whose issuer is the one in our tokens. */
function openidConfigurationV1({ origin, graph, tenant }: Discovered): unknown {
  return {
    issuer: issuerOf(tenantOfIssuer(tenant)),
    authorization_endpoint: `${origin}/${tenant}/oauth2/authorize`,
    token_endpoint: `${origin}/${tenant}/oauth2/token`,
    device_authorization_endpoint: `${origin}/${tenant}/oauth2/devicecode`,
    end_session_endpoint: `${origin}/${tenant}/oauth2/logout`,
    userinfo_endpoint: `${graph}/oidc/userinfo`,
    jwks_uri: `${origin}/${tenant}/discovery/keys`,
    ...commonMembers,
  };
}

/** The configuration of version 2. MSAL requires the issuer to have the host of the authority that it asked. */
function openidConfigurationV2({ origin, graph, tenant }: Discovered): unknown {
  return {
    issuer: `${origin}/${tenantOfIssuer(tenant)}/v2.0`,
    authorization_endpoint: `${origin}/${tenant}/oauth2/v2.0/authorize`,
    token_endpoint: `${origin}/${tenant}/oauth2/v2.0/token`,
    device_authorization_endpoint: `${origin}/${tenant}/oauth2/v2.0/devicecode`,
    end_session_endpoint: `${origin}/${tenant}/oauth2/v2.0/logout`,
    userinfo_endpoint: `${graph}/oidc/userinfo`,
    jwks_uri: `${origin}/${tenant}/discovery/v2.0/keys`,
    ...commonMembers,
  };
}

/**
 * Instance discovery, version 1.1: the hosts that are one authority. MSAL asks before it sends a secret to a host that it
 * does not know. `undefined` when `authorizationEndpoint` is under none of `sets`: we vouch only for ourselves.
 */
function instanceDiscovery(authorizationEndpoint: string, sets: readonly NameSet[]): unknown {
  const parsed = URL.parse(authorizationEndpoint);
  if (parsed?.protocol !== 'https:') return undefined;
  const { host, pathname } = parsed;
  const named = sets.find((set) => authorityHosts(set).includes(host));
  if (named === undefined) return undefined;
  const [, tenant = 'common'] = pathname.split('/');
  const aliases = authorityHosts(named);
  const [network] = aliases;
  return {
    tenant_discovery_endpoint: `${named.authority}/${tenant}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    // Entra prefers its second host in caches, and MSAL has both in its own code.
    metadata: [{ preferred_network: network, preferred_cache: aliases[1] ?? network, aliases }],
  };
}

/** The one to ask comes first. */
function authorityHosts({ homes, hostsOf }: NameSet): readonly string[] {
  return hostsOf?.authority ?? homes;
}

/**
 * The kind of an account, which MSAL asks for before it sends a password. Every account is managed here; the answer does
 * not show whether the account exists.
 */
function userRealm(username: string, origin: string): unknown {
  return {
    ver: '1.0',
    account_type: 'Managed',
    domain_name: username.slice(username.indexOf('@') + 1),
    cloud_instance_name: new URL(origin).host,
    cloud_audience_urn: 'urn:federation:MicrosoftOnline',
  };
}

/** An endpoint without authentication that ignores everything else in a request. */
const open = { method: 'GET', shows: 'json', reads: 'nothing', inTenant: false } as const;

/** An endpoint with the same answer for every caller, by tenant. */
function tenantEndpoint(path: string, body: (asked: Discovered, authority: Authority) => unknown): Endpoint {
  return {
    ...open,
    path,
    answer({ params, names }, authority) {
      const tenant = tenantOfDiscovery(params['tenant'] ?? '', authority.tenants);
      return {
        answer: {
          status: 200,
          body: body({ origin: names.authority, graph: names.graph, tenant }, authority),
        },
      };
    },
  };
}

export const discoveryEndpoints: readonly Endpoint[] = [
  tenantEndpoint('/:tenant/.well-known/openid-configuration', openidConfigurationV1),
  tenantEndpoint('/:tenant/v2.0/.well-known/openid-configuration', openidConfigurationV2),
  tenantEndpoint('/:tenant/discovery/keys', (_asked, { signingKeys }) => signingKeys.jwks()),
  tenantEndpoint('/:tenant/discovery/v2.0/keys', (_asked, { signingKeys }) => signingKeys.jwks()),
  {
    ...open,
    path: '/common/userrealm/:username',
    answer: ({ params: { username = '' }, origin }) => ({
      answer: { status: 200, body: userRealm(username, origin) },
    }),
  },
  {
    ...open,
    path: '/common/discovery/instance',
    answer({ query, names }, { sameAuthority }) {
      const asked = memberOf(query, 'authorization_endpoint');
      const body = typeof asked === 'string' ? instanceDiscovery(asked, sameAuthority(names)) : undefined;
      if (body === undefined) throw refused({ kind: 'instanceUnknown' });
      return { answer: { status: 200, body } };
    },
  },
];
