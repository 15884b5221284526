import { SignJWT } from 'jose';
import type { AuthenticationMethod } from './client-authentication.ts';
import type { Client } from './clients.ts';
import { issuerOf } from './issuer.ts';
import type { AuthorityWorld } from './world.ts';

/** Entra's tokens for applications live an hour. */
export const tokenLifetimeSeconds = 3600;

export interface AccessToken {
  readonly jwt: string;
  /** What was asked for, and its audience. */
  readonly resource: string;
  /** Seconds since 1970. */
  readonly notBefore: number;
  readonly expiresAt: number;
}

export interface TokenSubject {
  readonly client: Client;
  readonly method: AuthenticationMethod;
  readonly resource: string;
}

/**
 * An app-only access token of Entra's version 1, which is what Key Vault and the resource manager ask for, whichever
 * endpoint issues it (Microsoft, "Access token claims reference").
 */
export async function issueAccessToken(subject: TokenSubject, world: AuthorityWorld): Promise<AccessToken> {
  const { client, method, resource } = subject;
  const { kid, privateKey } = world.signingKeys.current;
  const issuer = issuerOf(client.tenantId);
  const issuedAt = Math.floor(world.now() / 1000);
  const expiresAt = issuedAt + tokenLifetimeSeconds;
  const claims = {
    aud: resource,
    iss: issuer,
    iat: issuedAt,
    nbf: issuedAt,
    exp: expiresAt,
    aio: opaque(world.newId()),
    appid: client.clientId,
    appidacr: method,
    ...(client.groups === undefined ? {} : { groups: [...client.groups] }),
    idp: issuer,
    idtyp: 'app',
    oid: client.objectId,
    sub: client.objectId,
    tid: client.tenantId,
    uti: opaque(world.newId()),
    ver: '1.0',
    ...(client.managedIdentity === undefined ? {} : { xms_mirid: client.managedIdentity }),
  };
  const jwt = await new SignJWT(claims).setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid }).sign(privateKey);
  return { jwt, resource, notBefore: issuedAt, expiresAt };
}

/** A GUID's 16 bytes in base64url, as Entra writes `uti`. */
function opaque(guid: string): string {
  return Buffer.from(guid.replaceAll('-', ''), 'hex').toString('base64url');
}
