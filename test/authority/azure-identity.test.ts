import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { json } from 'node:stream/consumers';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { ClientCertificateCredential, ClientSecretCredential } from '@azure/identity';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { issuerOf, ownIssuers } from '../../src/authority/issuer.ts';
import { servicesTenant } from '../../src/types/caller.ts';
import { createIssuers } from '../../src/caller/issuers.ts';
import { createVerifier } from '../../src/caller/verify.ts';
import type { Caller } from '../../src/types/caller.ts';
import { groupsOf } from '../caller/tokens.ts';
import {
  clientId,
  identity,
  managementResource,
  objectId,
  secret,
  selfSigned,
  serve,
  serviceClientId,
  startAuthority,
  tenant,
  vaultResource,
} from './world.ts';
import type { TestAuthority } from './world.ts';

const vaultScope = `${vaultResource}/.default`;

interface Served extends TestAuthority {
  readonly origin: string;
  readonly ca: string;
  /** The options that an application gives to a credential of `@azure/identity`. */
  readonly options: { authorityHost: string; disableInstanceDiscovery: boolean; tlsOptions: { ca: string } };
}

async function serveAuthority(t: TestContext, certificates: readonly string[] = []): Promise<Served> {
  const server = await selfSigned();
  // The clients compare the times in tokens with the real time.
  const authority = await startAuthority(t, { certificates, clock: { ms: Date.now() } });
  const origin = await serve(t, authority, server);
  const ca = server.certificate;
  return {
    ...authority,
    origin,
    ca,
    options: { authorityHost: origin, disableInstanceDiscovery: true, tlsOptions: { ca } },
  };
}

async function callerOf(token: string, { world }: Served): Promise<Caller> {
  const issuers = createIssuers(ownIssuers(tenant, world.signingKeys));
  const verification = await createVerifier({ issuers, now: world.now, cacheSize: 10, groupsOf }).verify(token);
  assert.ok(verification.ok);
  return verification.caller;
}

test('ClientSecretCredential gets a token that our verifier accepts', async (t) => {
  const authority = await serveAuthority(t);
  const credential = new ClientSecretCredential(tenant, clientId, secret, authority.options);
  const { token, expiresOnTimestamp } = await credential.getToken(vaultScope);
  assert.ok(expiresOnTimestamp > authority.world.now() + 3_500_000);
  const caller = await callerOf(token, authority);
  assert.equal(caller.applicationId, clientId);
  assert.equal(caller.objectId, objectId);
  assert.equal(caller.audience, vaultResource);
  assert.equal(caller.issuerClass, 'own');
});

test('ClientCertificateCredential uses one assertion for two resources and for requests at the same moment', async (t) => {
  const { certificate, privateKey } = await selfSigned();
  const authority = await serveAuthority(t, [certificate]);
  const credential = new ClientCertificateCredential(
    tenant,
    clientId,
    { certificate: certificate + '\n' + privateKey },
    authority.options,
  );
  const first = await credential.getToken(vaultScope);
  const scope = `${managementResource}/.default`;
  const others = await Promise.all([credential.getToken(scope), credential.getToken(scope)]);
  assert.equal((await callerOf(first.token, authority)).audience, vaultResource);
  for (const { token } of others) assert.equal((await callerOf(token, authority)).audience, managementResource);
  assert.equal(decodeJwt(first.token)['appidacr'], '2');
});

test('a certificate that is not registered is refused with its thumbprint', async (t) => {
  const { certificate } = await selfSigned();
  const other = await selfSigned();
  const authority = await serveAuthority(t, [certificate]);
  const credential = new ClientCertificateCredential(
    tenant,
    clientId,
    { certificate: other.certificate + '\n' + other.privateKey },
    authority.options,
  );
  await assert.rejects(
    credential.getToken(vaultScope),
    /AADSTS700027: .*The key was not found.*Thumbprint of key used by client/,
  );
});

test("a trusted service signs in to the services' tenant with its managed identity", async (t) => {
  const authority = await serveAuthority(t);
  const credential = new ClientSecretCredential(servicesTenant, serviceClientId, secret, authority.options);
  const caller = await callerOf((await credential.getToken(vaultScope)).token, authority);
  assert.equal(caller.issuerClass, 'services');
  assert.equal(caller.tenant, servicesTenant);
  assert.equal(caller.managedIdentity, identity);
});

test("a wrong secret gives the application Entra's message", async (t) => {
  const { options } = await serveAuthority(t);
  const credential = new ClientSecretCredential(tenant, clientId, 'wrong', options);
  await assert.rejects(
    credential.getToken(vaultScope),
    /AADSTS7000215: Invalid client secret provided\. Ensure the secret being sent/,
  );
});

test('our tokens can be verified with the discovery document alone', async (t) => {
  const authority = await serveAuthority(t);
  const credential = new ClientSecretCredential(tenant, clientId, secret, authority.options);
  const { token } = await credential.getToken(vaultScope);
  const configuration = await read(`${authority.origin}/${tenant}/.well-known/openid-configuration`, authority.ca);
  const { issuer, jwks_uri: keysAddress } = configuration;
  assert.ok(typeof issuer === 'string' && typeof keysAddress === 'string');
  assert.ok(keysAddress.startsWith(`${authority.origin}/`));
  const keySet = await read(keysAddress, authority.ca);
  assert.ok(isKeySet(keySet));
  const expected = { issuer, audience: vaultResource, algorithms: ['RS256'] };
  const verified = await jwtVerify(token, createLocalJWKSet(keySet), expected);
  assert.equal(verified.payload.iss, issuerOf(tenant));
});

function isKeySet(value: object): value is JSONWebKeySet {
  return 'keys' in value && Array.isArray(value.keys);
}

async function read(url: string, ca: string): Promise<Readonly<Record<string, unknown>>> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { ca }, resolve).on('error', reject);
  });
  const value: unknown = await json(response);
  assert.ok(typeof value === 'object' && value !== null);
  return { ...value };
}
