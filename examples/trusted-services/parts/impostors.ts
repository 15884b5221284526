import { generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TokenCredential } from '@azure/core-auth';
import { client, resourceId, workloadCredential } from './callers.ts';
import type { Caller } from './callers.ts';

/** An application of the customer's own tenant that was registered under the service's public id. */
export function ownApplication(applicationId: string): Caller {
  return client("an application of the customer's own tenant with the service's id", { clientId: applicationId });
}

/** Sends the service's own token, signed again by a key that is not the authority's. */
export function signedByAnotherKey(service: Caller): Caller {
  return {
    ...service,
    title: "the service's token, signed by another key",
    enter: async (postern) => {
      const party = await service.enter(postern);
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const getToken: TokenCredential['getToken'] = async (scopes, options) => {
        const real = await party.credential.getToken(scopes, options);
        if (real === null) return null;
        const [header = '', claims = ''] = real.token.split('.');
        return { ...real, token: signed(`${header}.${claims}`, privateKey) };
      };
      return { ...party, credential: { getToken } };
    },
  };
}

/** An issuer that the customer trusts for applications of its own tenant claims to be the managed identity of a resource. */
export function externalIssuer(type: string, name: string): Caller {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const issuer = 'https://issuer.example';
  const [kid, oid] = ['issuer-key', randomUUID()];
  return {
    title: `another issuer, which claims to be the identity of ${type} ${name}`,
    configuration: async ({ home, tenantId }) => {
      const keys = createServer((_, answer) => {
        answer.end(
          JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }] }),
        );
      });
      keys.listen(0, '127.0.0.1').unref();
      await once(keys, 'listening');
      const { port } = keys.address() as AddressInfo;
      return { issuers: [{ issuer, tenantId, audiences: [home], jwksUri: `http://127.0.0.1:${port}/keys` }] };
    },
    enter: ({ connection }) => {
      const nowS = Math.floor(Date.now() / 1000);
      const claims = {
        iss: issuer,
        aud: connection.home,
        tid: connection.tenantId,
        oid,
        sub: oid,
        iat: nowS,
        nbf: nowS,
        exp: nowS + 3600,
        xms_mirid: resourceId(connection, type, name),
      };
      const parts = [{ alg: 'RS256', typ: 'JWT', kid }, claims].map((part) => base64url(JSON.stringify(part)));
      const token = signed(parts.join('.'), privateKey);
      const getToken = () => Promise.resolve({ token, expiresOnTimestamp: claims.exp * 1000 });
      return Promise.resolve({ objectId: oid, credential: { getToken } });
    },
  };
}

/** A managed identity of a resource that only looks like the service's: of a child of it, or of a type with a similar name. */
export function lookAlike(type: string, name: string): Caller {
  const [clientId, objectId, identityHeader] = [randomUUID(), randomUUID(), randomBytes(24).toString('hex')];
  return {
    title: `the identity of ${type} ${name}`,
    configuration: (connection) => ({
      clients: [{ clientId, objectId, identityHeader, managedIdentity: resourceId(connection, type, name) }],
    }),
    enter: ({ connection }) =>
      Promise.resolve({ objectId, credential: workloadCredential(connection, identityHeader, clientId) }),
  };
}

/** A person with the very same grant, who signs in with a password. */
export function person(): Caller {
  const [clientId, objectId, password] = [randomUUID(), randomUUID(), randomBytes(12).toString('hex')];
  const username = 'ada@contoso.example';
  return {
    title: 'a person with the very same grant',
    configuration: () => ({
      clients: [{ clientId, publicClient: true }],
      users: [{ userPrincipalName: username, password, objectId }],
    }),
    enter: ({ connection: { home, tenantId } }) => {
      const getToken: TokenCredential['getToken'] = async (scopes) => {
        const [scope = ''] = [scopes].flat();
        const body = new URLSearchParams({ grant_type: 'password', client_id: clientId, username, password, scope });
        const answer = await fetch(`${home}/${tenantId}/oauth2/v2.0/token`, { method: 'POST', body });
        const { access_token, expires_in } = (await answer.json()) as { access_token: string; expires_in: number };
        return { token: access_token, expiresOnTimestamp: Date.now() + expires_in * 1000 };
      };
      return Promise.resolve({ objectId, credential: { getToken } });
    },
  };
}

/** An ordinary application whose requests say that they come from the service. */
export function forgedHeaders(service: string): Caller {
  return client(
    "an application of the customer's, with headers that name the service",
    {},
    {
      'user-agent': service,
      forwarded: 'for=127.0.0.1',
      'x-forwarded-for': '127.0.0.1',
      'x-ms-client-principal-name': service,
      'x-ms-arm-service': service,
    },
  );
}

function signed(content: string, key: KeyObject): string {
  return `${content}.${sign('sha256', Buffer.from(content), key).toString('base64url')}`;
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
