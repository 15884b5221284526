import { findClient, findFirstPartyClient } from '../directory/clients.ts';
import type { Client } from '../directory/clients.ts';
import type { PasswordCredential } from '../directory/records.ts';
import type { NameSet } from '../http/host.ts';
import { servicesTenant } from '../types/caller.ts';
import type { AuthenticationMethod } from './access-token.ts';
import { verifyAssertion } from './client-assertion.ts';
import type { ClientAssertion } from './client-assertion.ts';
import { readCredential } from './client-credential.ts';
import { verifyFederated } from './federated-assertion.ts';
import type { Form } from './form.ts';
import { issuerOf } from './issuer.ts';
import { refused } from './refusal.ts';
import type { Authority } from './services.ts';

export interface LoginRequest {
  readonly form: Form;
  /** The Authorization header. */
  readonly authorization: string | undefined;
  readonly names: NameSet;
  /** The requested tenant: a GUID in lower case. */
  readonly tenant: string;
  /** The requested resource: an assertion may be used once for each. */
  readonly resource: string;
  /** The site that the request came from, by `siteOf`. */
  readonly site: string | undefined;
}

export interface Authentication {
  readonly client: Client;
  readonly method: AuthenticationMethod;
}

interface Login {
  readonly request: LoginRequest;
  readonly authority: Authority;
}

/**
 * Authenticates the client that requests a token: a client of the tenant with its secret (RFC 6749 section 2.3.1), a
 * signature by its certificate (RFC 7523) or another issuer's token.
 * @throws {Refused}
 */
export async function authenticateClient(request: LoginRequest, authority: Authority): Promise<Authentication> {
  const credential = readCredential(request);
  const client = await clientOf(credential.clientId, { request, authority });
  if (credential.by === 'assertion') return byAssertion(credential.assertion, client, { request, authority });
  if (credential.by === 'federated') return byFederation(credential.jwt, client, authority);
  return bySecret(credential.secret, client, { request, authority });
}

/**
 * The type of a client, by the platform that its redirect URI is registered under: `web` is confidential, `spa` and
 * `publicClient` are public.
 */
export type ClientType = 'confidential' | 'public';

/**
 * Identifies the client that acts for a user. A public client sends no credential (RFC 6749 section 2.1). If a redirect URI
 * was used, its platform alone decides whether the client is public. Otherwise `clientType` is absent, and the
 * application's `isFallbackPublicClient` decides (Microsoft Graph, "application resource type").
 * @throws {Refused}
 */
export async function identifyClient(
  request: LoginRequest & { readonly clientType?: ClientType },
  authority: Authority,
): Promise<Authentication> {
  const { form, authorization, clientType } = request;
  const sent = [authorization, form.get('client_secret'), form.get('client_assertion')];
  const sendsNothing = sent.every((credential) => credential === undefined);
  const clientId = form.get('client_id');
  if (sendsNothing && clientId === undefined) throw refused({ kind: 'parameterMissing', name: 'client_id' });
  const client = clientId === undefined ? undefined : await clientOf(clientId, { request, authority });
  if (sendsNothing && client !== undefined) {
    const isPublic = clientType === undefined ? client.isFallbackPublicClient : clientType === 'public';
    if (isPublic) return { client, method: '0' };
    throw refused({ kind: 'clientCredentialNeeded' });
  }
  const hasCredentials =
    client === undefined ||
    [client.secrets, client.certificates, client.federatedIdentityCredentials].some(
      (credentials) => credentials.length > 0,
    );
  if (!hasCredentials) throw refused({ kind: 'clientIsPublic' });
  return authenticateClient(request, authority);
}

async function clientOf(clientId: string, { request: { tenant }, authority }: Login): Promise<Client> {
  const { store, homeTenant } = authority;
  const registered = await findClient(store, tenant, clientId);
  const client =
    registered === undefined && tenant === servicesTenant
      ? await findFirstPartyClient(store, homeTenant, clientId)
      : registered;
  if (client === undefined) throw refused({ kind: 'clientUnknown', clientId, tenant });
  if (!client.enabled) throw refused({ kind: 'clientDisabled', clientId: client.clientId });
  return client;
}

async function bySecret(
  secret: string,
  client: Client,
  { request: { site }, authority: { secretCheck, now } }: Login,
): Promise<Authentication> {
  const { clientId } = client;
  const hashesOf = (credentials: readonly PasswordCredential[]) => credentials.map(({ hash }) => hash);
  const live = client.secrets.filter(({ startDateTime = 0, endDateTime = Infinity }) => {
    return startDateTime <= now() && now() < endDateTime;
  });
  const requester = { site, name: clientId };
  const verdict = await secretCheck.check(secret, hashesOf(live), requester);
  if (verdict === 'busy') throw refused({ kind: 'tooManyLogins' });
  if (verdict === 'right') return { client, method: '1' };
  const dead = client.secrets.filter((credential) => !live.includes(credential));
  const expired = dead.length > 0 && (await secretCheck.check(secret, hashesOf(dead), requester)) === 'right';
  throw refused({ kind: expired ? 'secretExpired' : 'secretWrong', clientId });
}

async function byAssertion(
  assertion: ClientAssertion,
  client: Client,
  { request, authority }: Login,
): Promise<Authentication> {
  const audiences = assertionAudiences(request.tenant, authority.sameAuthority(request.names));
  const forgetAt = await verifyAssertion(assertion, client, { audiences, nowMs: authority.now() });
  const { jti } = assertion;
  const { clientId } = client;
  // One service under two ports, or with a slash, is one: else a thief could use the assertion once for each.
  const resource = request.resource.replace(/(?::\d+)?\/?$/, '');
  const use = await authority.assertionUses.use({ clientId, jti, resource, forgetAt });
  if (use === 'tooMany') throw refused({ kind: 'tooManyLogins' });
  if (use === 'replayed') throw refused({ kind: 'assertionReplayed' });
  return { client, method: '2' };
}

async function byFederation(jwt: string, client: Client, authority: Authority): Promise<Authentication> {
  const { clientId, displayName, federatedIdentityCredentials: credentials } = client;
  if (credentials.length === 0) throw refused({ kind: 'federatedCredentialMissing', clientId, displayName });
  await verifyFederated(jwt, credentials, authority);
  return { client, method: '2' };
}

/** The tenant's token endpoints under each of our names, and its issuer in both versions. */
function assertionAudiences(tenant: string, sets: readonly NameSet[]): readonly string[] {
  const endpoints = sets.flatMap(({ authority: origin }) => [
    `${origin}/${tenant}/oauth2/v2.0/token`,
    `${origin}/${tenant}/oauth2/token`,
    `${origin}/${tenant}/v2.0`,
  ]);
  return [...endpoints, issuerOf(tenant)].map((audience) => audience.toLowerCase());
}
