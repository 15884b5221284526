import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { SignJWT, exportJWK } from 'jose';

/** The usual audience of tokens for workload identity federation. */
export const exchangeAudience = 'api://AzureADTokenExchange';

interface Claims {
  readonly issuer?: string;
  readonly subject: string;
  readonly audience?: string;
}

/** A cluster that issues tokens to its workloads, and publishes its keys on loopback. */
export interface Cluster extends AsyncDisposable {
  readonly issuer: string;
  /** Its entry among the `issuers` of the configuration file; its own tokens give no access. */
  readonly configured: object;
  readonly sign: (claims: Claims) => Promise<string>;
}

export async function startCluster(issuer = 'https://cluster.example/tenant/'): Promise<Cluster> {
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'RS256' };
  const server = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const jwksUri = `http://127.0.0.1:${address.port}/keys`;
  return {
    issuer,
    configured: { issuer, tenantId: 'e0000000-0000-4000-8000-000000000001', audiences: [], jwksUri },
    sign: ({ issuer: by = issuer, subject, audience = exchangeAudience }) =>
      new SignJWT({})
        .setProtectedHeader({ alg: 'RS256', kid: 'one' })
        .setIssuer(by)
        .setSubject(subject)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(keys.privateKey),
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}
