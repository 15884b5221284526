import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import type { LogRecord } from '../../src/audit/activity.ts';
import { addToGroups, registerClient } from '../../src/directory/client-registration.ts';
import type { Changed } from '../../src/directory/objects.ts';
import { createUser } from '../../src/directory/users.ts';
import { servicesTenant } from '../../src/types/caller.ts';
import { createAuthority } from '../../src/authority/authority.ts';
import { IdentityBindings } from '../../src/authority/identity-bindings.ts';
import { OpaqueTokens } from '../../src/authority/opaque-tokens.ts';
import { SigningKeys } from '../../src/authority/signing-keys.ts';
import type { AuthorityServices } from '../../src/authority/services.ts';
import type { KeySource } from '../../src/caller/key-sources.ts';
import { Turns } from '../../src/edge/turns.ts';
import { dispatchByHost, nameSet } from '../../src/http/host.ts';
import { selfSign } from '../../src/crypto/certificates/issue.ts';
import { writePem } from '../../src/crypto/certificates/pem.ts';
import { ec, rsa, value } from '../crypto/certificates/material.ts';
import { Browser } from './browser.ts';
import { memoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';
import type { Source } from '../../src/types/source.ts';

export const tenant = '11111111-1111-4111-8111-111111111111';
export const clientId = 'a1111111-1111-4111-8111-111111111111';
export const objectId = 'b1111111-1111-4111-8111-111111111111';
export const serviceClientId = 'c1111111-1111-4111-8111-111111111111';
export const groupId = 'e0000000-1111-4111-8111-111111111111';
export const secret = 'a secret of the operator+choice:100% /wörk';
export const otherSecret = 'the-one-before';
export const vaultResource = 'https://vault.localhost:8443';
export const managementResource = 'https://management.core.windows.net/';
export const identity = '/subscriptions/s/resourcegroups/g/providers/microsoft.datafactory/factories/f';

/** The only user, a member of the group `groupId`. */
export const user = {
  id: 'f1111111-1111-4111-8111-111111111111',
  userPrincipalName: 'ada@contoso.example',
  displayName: 'Ada',
} as const;
export const password = 'correct horse & battery';

/** Azure CLI's own client, which every tenant has. */
export const azureCli = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';

/** A confidential client with its own server. */
export const web = { clientId: 'a2222222-2222-4222-8222-222222222222', redirectUri: 'https://app.example/cb' };

/** The origin that injected requests are sent to. */
export const origin = 'https://localhost:8443';
/** Another name set of ours. */
export const azureOrigin = 'https://login.microsoftonline.com';

export interface KeyAndCertificate {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface CertificateOptions {
  /** A minute ago unless given. */
  readonly notBefore?: Date;
  /** In a day unless given. */
  readonly notAfter?: Date;
  /** OpenSSL's name of the type; RSA with 2048 bits unless given. */
  readonly curve?: string;
}

/** A self-signed certificate for `localhost`. */
export async function selfSigned(options: CertificateOptions = {}): Promise<KeyAndCertificate> {
  const { curve, notBefore = new Date(Date.now() - 60_000), notAfter = new Date(Date.now() + 86_400_000) } = options;
  const material = curve === undefined ? rsa(2048) : ec(curve);
  const seconds = (date: Date) => Math.floor(date.getTime() / 1000);
  const contents = { subject: 'CN=localhost', sans: { dnsNames: ['localhost'] }, ekus: [], keyUsage: [] };
  const validity = { notBefore: seconds(notBefore), notAfter: seconds(notAfter), serial: randomBytes(16) };
  const certificate = value(await selfSign(material, { ...contents, ...validity }));
  return {
    certificate: writePem({ material: undefined, certificates: [certificate] }),
    privateKey: writePem({ material, certificates: [] }),
  };
}

export interface Clock {
  ms: number;
}

export interface Injected {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload?: string;
}

export interface InjectedResponse {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly json: () => Readonly<Record<string, unknown>>;
}

type Listener = ReturnType<typeof dispatchByHost>;

export interface TestAuthority {
  readonly app: {
    /** Sends a request over a new connection. */
    readonly inject: (injected: Injected) => Promise<InjectedResponse>;
    readonly routing: Listener;
  };
  readonly world: AuthorityServices;
  readonly clock: Clock;
  /** The log, line by line. */
  readonly log: readonly string[];
  /** The records of failed sign-ins. */
  readonly failed: readonly LogRecord[];
  /** Makes it serve another port of localhost as well. */
  readonly addPort: (port: number) => void;
}

export interface TestAuthorityOptions {
  readonly certificates?: readonly string[];
  readonly clock?: Clock;
  /** The keys of issuers that the operator added. */
  readonly externalKeys?: ReadonlyMap<string, KeySource>;
  /** The source of the requests, as proved by the ingress. */
  readonly source?: Source;
}

/** The authority with one ordinary client, which has two secrets, and one trusted service. */
export async function startAuthority(t: TestContext, options: TestAuthorityOptions = {}): Promise<TestAuthority> {
  const clock = options.clock ?? { ms: 1_700_000_000_500 };
  const now = (): number => clock.ms;
  const store = memoryStore();
  const failed: LogRecord[] = [];
  const names = [nameSet('localhost', 8443), nameSet('login.microsoftonline.com', 443)];
  const certificates = options.certificates ?? [];
  const ordinary = { clientId, objectId, tenantId: tenant, displayName: 'ci', groups: [groupId] };
  await registerClient(store, { ...ordinary, secrets: [otherSecret, secret], certificates });
  await registerClient(store, {
    clientId: serviceClientId,
    objectId: 'd1111111-1111-4111-8111-111111111111',
    tenantId: servicesTenant,
    displayName: 'Azure Data Factory',
    secrets: [secret],
    managedIdentity: identity,
  });
  await registerClient(store, {
    clientId: web.clientId,
    objectId: 'b2222222-2222-4222-8222-222222222222',
    tenantId: tenant,
    displayName: '<b>Web</b> & "co"',
    secrets: [secret],
    redirectUris: { web: [web.redirectUri] },
  });
  await commit(store, await createUser(store, { ...user, tenantId: tenant, password }, 0));
  await store.transact(await addToGroups(store, { tenantId: tenant, member: user.id, groups: [groupId] }));
  const log: string[] = [];
  const identityBindings = new IdentityBindings();
  const world: AuthorityServices = {
    store,
    signingKeys: await SigningKeys.open({ store, now, keepMs: 4_200_000 }),
    tenants: [tenant, servicesTenant],
    homeTenant: tenant,
    opaqueTokens: await OpaqueTokens.open(store),
    externalKeys: (issuer) => options.externalKeys?.get(issuer),
    identityBindings,
    isResource: (resource) =>
      [vaultResource, managementResource].includes(resource) ||
      /^https:\/\/vault\.localhost(?::\d+)?\/?$/.test(resource),
    sameAuthority: () => names,
    now,
    newId: randomUUID,
  };
  const turns = new Turns({
    store,
    audit: {
      readNow: () => undefined,
      stage: () => assert.fail('the authority made a change'),
      committed: () => assert.fail('the authority made a change'),
      failed: () => undefined,
      refused: async (record) => void failed.push(record),
    },
    logError: (error) => log.push(String(error)),
  });
  const sourceOf = () => options.source ?? ({ kind: 'unknown', reason: 'a test' } as const);
  const { home } = createAuthority({ ...world, turns, sourceOf, names: nameSet('localhost', 8443) });
  const routing = dispatchByHost(() => ({ sets: names }), {
    vault: () => assert.fail('a vault got a request'),
    home: (asked, response, host) => assert.ok(home(asked, response, host), `nothing is at ${asked.url}`),
  });
  const app = { routing, inject: await injector(t, routing) };
  return { app, world, clock, log, failed, addPort: (port) => names.push(nameSet('localhost', port)) };
}

function parsed(body: string): Readonly<Record<string, unknown>> {
  const answer: unknown = JSON.parse(body);
  assert.ok(typeof answer === 'object' && answer !== null, body);
  return { ...answer };
}

/** Serves it on loopback. Returns a function that sends a request there. */
async function injector(t: TestContext, routing: Listener): Promise<TestAuthority['app']['inject']> {
  const server = createServer(routing);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const { port } = address;
  return async ({ method, url, headers = {}, payload = '' }) => {
    const length = payload === '' ? {} : { 'content-length': String(Buffer.byteLength(payload)) };
    const sent = { host: 'localhost:8443', ...headers, ...length };
    const outgoing = request({ host: '127.0.0.1', port, method, path: url, headers: sent, agent: false });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve).once('error', reject);
    });
    outgoing.end(payload);
    const incoming = await answered;
    const { statusCode = 0, headers: received } = incoming;
    const body = await text(incoming);
    return { statusCode, headers: received, body, json: () => parsed(body) };
  };
}

/** Makes a change of the directory that must not be refused. */
export async function commit<T>(store: Store, changed: Changed<T>): Promise<T> {
  assert.ok(changed.ok, JSON.stringify(changed));
  await store.transact(changed.change);
  return changed.value;
}

/** A browser that has the authority open. */
export function browserOf({ app }: TestAuthority): Browser {
  return new Browser(async ({ method, url, headers, body }) => {
    const { pathname, search, host } = new URL(url);
    const target = { method, url: `${pathname}${search}`, headers: { ...headers, host } };
    const response = await app.inject({ ...target, ...(body !== undefined && { payload: body }) });
    return { status: response.statusCode, text: response.body, headers: headersOf(response.headers) };
  });
}

function headersOf(headers: object): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, string | string[]] => typeof entry[1] === 'string' || Array.isArray(entry[1]),
    ),
  );
}

/** Serves it over https on loopback. Returns its origin. */
export async function serve(t: TestContext, authority: TestAuthority, server: KeyAndCertificate): Promise<string> {
  const https = createHttps({ key: server.privateKey, cert: server.certificate }, authority.app.routing);
  https.listen(0, '127.0.0.1');
  await once(https, 'listening');
  t.after(() => {
    https.closeAllConnections();
    https.close();
  });
  const address = https.address();
  assert.ok(typeof address === 'object' && address !== null);
  authority.addPort(address.port);
  return `https://localhost:${address.port}`;
}

export interface TokenPost {
  /** `v2` unless given. */
  readonly endpoint?: 'v1' | 'v2';
  readonly tenant?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TokenResponse {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Posts `form` to a token endpoint. */
export async function postToken(
  { app }: TestAuthority,
  form: Readonly<Record<string, string>> | string,
  post: TokenPost = {},
): Promise<TokenResponse> {
  const path = post.endpoint === 'v1' ? 'oauth2/token?api-version=1.0' : 'oauth2/v2.0/token';
  const response = await app.inject({
    method: 'POST',
    url: `/${post.tenant ?? tenant}/${path}`,
    headers: { host: 'localhost:8443', 'content-type': 'application/x-www-form-urlencoded', ...post.headers },
    payload: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
  });
  return { status: response.statusCode, body: response.json() };
}

/** A form that is granted. */
export const goodForm = {
  grant_type: 'client_credentials',
  client_id: clientId,
  client_secret: secret,
  scope: `${vaultResource}/.default`,
};
