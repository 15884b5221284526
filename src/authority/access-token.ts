import { SignJWT } from 'jose';
import { groupClaimMax, groupsOf } from '../directory/memberships.ts';
import { pairwiseSubject } from '../directory/pairwise.ts';
import type { Client } from '../directory/clients.ts';
import { issuerOf } from './issuer.ts';
import type { SignedIn } from './user-authentication.ts';
import type { AuthorityServices } from './services.ts';

/** The lifetime of Entra's tokens for applications: one hour. */
export const tokenLifetimeSeconds = 3600;

/** `appidacr`: how the client authenticated: not at all, with a secret, or with a signature. */
export type AuthenticationMethod = '0' | '1' | '2';

export interface AccessToken {
  readonly jwt: string;
  /** The resource that was requested, which is the audience. */
  readonly resource: string;
  /** Seconds since 1970. */
  readonly notBefore: number;
  readonly expiresAt: number;
}

interface Subject {
  readonly client: Client;
  readonly method: AuthenticationMethod;
  readonly resource: string;
}

export interface ApplicationSubject extends Subject {
  /** The service principal's object id. */
  readonly objectId: string;
  /** The ARM id of the resource that uses the managed identity; becomes `xms_az_rid`. */
  readonly usedBy?: string | undefined;
}

export interface UserSubject extends Subject {
  readonly signedIn: SignedIn;
  /** The address that the request came from, if it is known. */
  readonly address: string | undefined;
}

/**
 * Issues an app-only access token. It has Entra's version 1, which Key Vault and the resource manager require, whichever
 * endpoint issues it (Microsoft, "Access token claims reference").
 */
export async function issueAccessToken(subject: ApplicationSubject, services: AuthorityServices): Promise<AccessToken> {
  const { client, objectId, usedBy } = subject;
  const { tenantId, managedIdentity } = client;
  return sign(subject, services, {
    ...(await groupClaims(tenantId, objectId, services)),
    idtyp: 'app',
    oid: objectId,
    sub: objectId,
    tid: tenantId,
    ...(managedIdentity === undefined ? {} : { xms_mirid: managedIdentity }),
    ...(usedBy === undefined ? {} : { xms_az_rid: usedBy }),
  });
}

/** Issues an access token for a client that acts for a user. */
export async function issueUserToken(subject: UserSubject, services: AuthorityServices): Promise<AccessToken> {
  const { client, resource, signedIn, address } = subject;
  const { user } = signedIn;
  return sign(subject, services, {
    acr: '1',
    amr: ['pwd'],
    ...(await groupClaims(user.tenantId, user.id, services)),
    idtyp: 'user',
    ...(address === undefined ? {} : { ipaddr: address }),
    name: user.displayName,
    oid: user.id,
    scp: 'user_impersonation',
    sub: pairwiseSubject(user.id, resource),
    tid: client.tenantId,
    unique_name: user.userPrincipalName,
    upn: user.userPrincipalName,
  });
}

async function sign(
  { client, method, resource }: Subject,
  services: AuthorityServices,
  identityClaims: Readonly<Record<string, unknown>>,
): Promise<AccessToken> {
  const { kid, privateKey } = services.signingKeys.current;
  const issuer = issuerOf(client.tenantId);
  const issuedAt = Math.floor(services.now() / 1000);
  const expiresAt = issuedAt + tokenLifetimeSeconds;
  const claims = {
    aud: resource,
    iss: issuer,
    iat: issuedAt,
    nbf: issuedAt,
    exp: expiresAt,
    aio: opaque(services.newId()),
    appid: client.clientId,
    appidacr: method,
    idp: issuer,
    ...identityClaims,
    uti: opaque(services.newId()),
    ver: '1.0',
  };
  const jwt = await new SignJWT(claims).setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid }).sign(privateKey);
  return { jwt, resource, notBefore: issuedAt, expiresAt };
}

async function groupClaims(tenantId: string, id: string, { store }: AuthorityServices) {
  const groups = await groupsOf(store, { tenantId, id, limit: groupClaimMax });
  if (groups.length === 0) return {};
  // As in Entra, a token for a principal with more groups than fit says so, and lists none of them.
  return groups.length > groupClaimMax ? { hasgroups: true } : { groups };
}

/** A GUID's 16 bytes in base64url, the form of Entra's `uti`. */
function opaque(guid: string): string {
  return Buffer.from(guid.replaceAll('-', ''), 'hex').toString('base64url');
}
