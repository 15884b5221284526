import type { Answer } from '../../http/answer.ts';
import { findClient } from '../../directory/clients.ts';
import type { ServicePrincipalRecord } from '../../directory/records.ts';
import { isUserAssigned, managedIdentityOf } from '../../directory/service-principals.ts';
import { issueAccessToken, tokenLifetimeSeconds } from '../access-token.ts';
import type { AuthorityRefusal } from '../refusal.ts';
import type { Authority } from '../world.ts';

export type Query = Readonly<Record<string, string>>;

export type IdentityAnswer =
  { readonly ok: true; readonly answer: Answer } | { readonly ok: false; readonly refusal: AuthorityRefusal };

type Chosen =
  | { readonly ok: true; readonly principal: ServicePrincipalRecord }
  | { readonly ok: false; readonly refusal: AuthorityRefusal };

/** The names of each parameter, at one endpoint or the other. */
const selectors: readonly (readonly [readonly string[], (principal: ServicePrincipalRecord) => string | undefined])[] =
  [
    [['client_id', 'clientid'], ({ appId }) => appId],
    [['object_id', 'principal_id'], ({ id }) => id],
    [['mi_res_id', 'msi_res_id'], managedIdentityOf],
  ];

/**
 * Which of the workload's identities a request means: the one that it names, and else the system-assigned one (Microsoft,
 * "How managed identities work"). A single user-assigned one is not guessed at, since a second would change the meaning.
 */
function chooseIdentity(identities: readonly ServicePrincipalRecord[], query: Query): Chosen {
  const named = selectors.flatMap(([names, read]) => {
    const value = names.map((name) => query[name]).find((given) => given !== undefined && given !== '');
    return value === undefined ? [] : [{ value: value.toLowerCase(), read }];
  });
  if (named.length > 1) return { ok: false, refusal: { kind: 'identityNamedTwice' } };
  const [name] = named;
  const principal = identities.find((identity) =>
    name === undefined
      ? !isUserAssigned(managedIdentityOf(identity) ?? '')
      : name.read(identity)?.toLowerCase() === name.value,
  );
  if (principal !== undefined) return { ok: true, principal };
  return { ok: false, refusal: { kind: name === undefined ? 'identityNotNamed' : 'identityNotFound' } };
}

/** A token of one of the identities that a workload has proved to be. */
export async function identityToken(
  identities: readonly ServicePrincipalRecord[],
  query: Query,
  authority: Authority,
): Promise<IdentityAnswer> {
  const { resource } = query;
  if (resource === undefined || resource === '') {
    return { ok: false, refusal: { kind: 'metadataParameterMissing', name: 'resource' } };
  }
  const chosen = chooseIdentity(identities, query);
  if (!chosen.ok) return chosen;
  const { tenantId, appId, id: objectId } = chosen.principal;
  const client = await findClient(authority.store, tenantId, appId);
  if (client === undefined) return { ok: false, refusal: { kind: 'identityNotFound' } };
  if (!client.enabled) return { ok: false, refusal: { kind: 'clientDisabled', clientId: appId } };
  if (!authority.isResource(resource)) {
    return { ok: false, refusal: { kind: 'resourceUnknown', resource, tenant: tenantId } };
  }
  const token = await issueAccessToken({ client, objectId, method: '2', resource }, authority);
  const lasts = `${tokenLifetimeSeconds - 1}`;
  const body = {
    access_token: token.jwt,
    client_id: appId,
    expires_in: lasts,
    ext_expires_in: lasts,
    expires_on: `${token.expiresAt}`,
    not_before: `${token.notBefore}`,
    resource,
    token_type: 'Bearer',
  };
  return { ok: true, answer: { status: 200, body } };
}
