import assert from 'node:assert/strict';
import { Agent, request } from 'node:https';
import type { Client } from '../../world/client.ts';
import { startPostern } from '../../world/process.ts';
import { textOf } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

const group = '/subscriptions/{subscription}/resourceGroups/rg';
const providers = `${group}/providers`;
const location = 'westeurope';

/** The server's name that a request goes to, its token, and its target. Ids of the server are in braces. */
const samples: readonly (readonly [line: string, body?: unknown])[] = [
  ['PUT arm /subscriptions/{subscription}/resourceGroups/rg?api-version=2021-04-01', { location, tags: { a: 'b' } }],
  [
    `PUT arm ${providers}/Microsoft.KeyVault/vaults/fuzz?api-version=2023-07-01`,
    {
      location,
      tags: { a: 'b' },
      properties: {
        tenantId: '{tenant}',
        sku: { family: 'A', name: 'standard' },
        accessPolicies: [
          {
            tenantId: '{tenant}',
            objectId: '{object}',
            permissions: { secrets: ['all'], keys: ['all'], certificates: ['all'] },
          },
        ],
        networkAcls: { defaultAction: 'Allow', bypass: 'None', ipRules: [{ value: '203.0.113.7' }] },
      },
    },
  ],
  [
    `PUT arm ${providers}/Microsoft.Network/virtualNetworks/v?api-version=2023-09-01`,
    {
      location,
      properties: {
        addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
        subnets: [
          {
            name: 'a',
            properties: { addressPrefix: '10.0.0.0/24', serviceEndpoints: [{ service: 'Microsoft.KeyVault' }] },
          },
        ],
      },
    },
  ],
  [
    `PUT arm ${providers}/Microsoft.Network/networkSecurityGroups/n?api-version=2023-09-01`,
    {
      location,
      properties: {
        securityRules: [
          {
            name: 'r',
            properties: {
              priority: 100,
              direction: 'Inbound',
              access: 'Allow',
              protocol: 'Tcp',
              sourceAddressPrefix: '*',
              sourcePortRange: '*',
              destinationAddressPrefix: '*',
              destinationPortRange: '443',
            },
          },
        ],
      },
    },
  ],
  [
    `PUT arm ${providers}/Microsoft.Storage/storageAccounts/s?api-version=2023-01-01`,
    {
      location,
      kind: 'StorageV2',
      sku: { name: 'Standard_LRS' },
      identity: { type: 'SystemAssigned' },
      properties: { a: { b: [1] } },
    },
  ],
  [
    `PATCH arm ${providers}/Microsoft.KeyVault/vaults/fuzz?api-version=2023-07-01`,
    { tags: { a: { toString: 1 } }, properties: { enabledForDeployment: true } },
  ],
  [
    `PUT arm ${group}/providers/Microsoft.Authorization/roleAssignments/11111111-2222-4333-8444-555555555555?api-version=2022-04-01`,
    {
      properties: {
        roleDefinitionId: '/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6',
        principalId: '{object}',
        principalType: 'User',
      },
    },
  ],
  [
    `PUT arm ${group}/providers/Microsoft.Authorization/locks/l?api-version=2020-05-01`,
    { properties: { level: 'CanNotDelete', notes: 'a' } },
  ],
  [
    `PUT arm ${group}/providers/Microsoft.Resources/deployments/d?api-version=2022-09-01`,
    {
      properties: {
        mode: 'Incremental',
        parameters: { p: { value: 'a' } },
        template: {
          $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
          contentVersion: '1.0.0.0',
          parameters: { p: { type: 'string' } },
          resources: [],
        },
      },
    },
  ],
  [`GET arm ${group}/resources?api-version=2021-04-01&$filter=tagName%20eq%20'a'&$top=5`],
  ['GET arm /subscriptions/{subscription}/resources?api-version=2021-04-01'],
  [
    'PUT vault /secrets/name?api-version=7.4',
    { value: 'a', contentType: 'text/plain', tags: { a: 'b' }, attributes: { enabled: true, exp: 2_000_000_000 } },
  ],
  ['GET vault /secrets/name?api-version=7.4'],
  ['GET vault /secrets?api-version=7.4&maxresults=3&$skiptoken=eyJOZXh0TWFya2VyIjoiYSJ9'],
  ['PATCH vault /secrets/name?api-version=7.4', { attributes: { enabled: true }, tags: {} }],
  [
    'POST vault /keys/k/create?api-version=7.4',
    { kty: 'EC', crv: 'P-256', key_ops: ['sign'], attributes: { enabled: true } },
  ],
  [
    'PUT vault /keys/i?api-version=7.4',
    {
      key: {
        kty: 'EC',
        crv: 'P-256',
        x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
        y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
        d: '870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE',
      },
    },
  ],
  ['POST vault /keys/k/sign?api-version=7.4', { alg: 'ES256', value: 'A'.repeat(43) }],
  [
    'PUT vault /keys/k/rotationpolicy?api-version=7.4',
    {
      lifetimeActions: [{ trigger: { timeAfterCreate: 'P90D' }, action: { type: 'Rotate' } }],
      attributes: { expiryTime: 'P2Y' },
    },
  ],
  [
    'POST vault /certificates/c/create?api-version=7.4',
    {
      policy: {
        key_props: { kty: 'EC', crv: 'P-256' },
        x509_props: { subject: 'CN=a', validity_months: 12 },
        issuer: { name: 'Self' },
      },
    },
  ],
  [
    'PUT vault /certificates/contacts?api-version=7.4',
    { contacts: [{ email: 'a@example.com', name: 'a', phone: '1' }] },
  ],
  [
    'PUT vault /certificates/issuers/i?api-version=7.4',
    {
      provider: 'Test',
      credentials: { account_id: 'a', pwd: 'b' },
      org_details: { admin_details: [{ first_name: 'a', email: 'a@example.com' }] },
    },
  ],
  [
    'POST vault /certificates/c/import?api-version=7.4',
    { value: 'MIIB', pwd: 'p', policy: { secret_props: { contentType: 'application/x-pem-file' } } },
  ],
  ['POST vault /secrets/restore?api-version=7.4', { value: 'AAAA' }],
  ['POST graph /v1.0/groups', { displayName: 'g', mailEnabled: false, mailNickname: 'g', securityEnabled: true }],
  [
    'POST graph /v1.0/users',
    {
      accountEnabled: true,
      displayName: 'u',
      mailNickname: 'u',
      userPrincipalName: 'u@example.com',
      passwordProfile: { password: 'a-Long-password-1' },
    },
  ],
  [
    'POST graph /v1.0/applications',
    { displayName: 'a', web: { redirectUris: ['https://a.example/'] }, api: { oauth2PermissionScopes: [] } },
  ],
  ["GET graph /v1.0/servicePrincipals?$filter=appId%20eq%20'a'&$select=id&$top=5"],
  ['POST graph /v1.0/directoryObjects/getByIds', { ids: ['{object}'], types: ['user'] }],
  [
    'POST none /{tenant}/oauth2/v2.0/token',
    'grant_type=client_credentials&client_id=a&client_secret=b&scope=c%2F.default',
  ],
  ['POST none /{tenant}/oauth2/v2.0/devicecode', 'client_id=a&scope=b'],
  [
    'GET none /{tenant}/oauth2/v2.0/authorize?client_id=a&response_type=code&redirect_uri=http%3A%2F%2Flocalhost&scope=openid&state=s',
  ],
  ['GET none /{tenant}/v2.0/.well-known/openid-configuration'],
  ['GET none /metadata/endpoints?api-version=2022-09-01'],
];

const tokens: Readonly<Record<string, 'arm' | 'vault' | 'graph'>> = { arm: 'arm', vault: 'vault', graph: 'graph' };
/** For example a certificate or a template: more finds nothing new. */
const answerWithinMs = 30_000;

/**
 * The real server, in a process of its own, answers everything that a client with all permissions sends, in JSON where
 * it says so, and never with a 500, which would be an unforeseen fault.
 */
export const requests: FuzzTarget = {
  form: 'request',
  words: [
    'arm',
    'vault',
    'graph',
    'none',
    'DELETE',
    'POST',
    'HEAD',
    'properties',
    'tags',
    'api-version',
    '{tenant}',
    '{object}',
  ],
  // The server does the work; the watch over its event loop measures that.
  mostMs: 5_000,
  async samples() {
    const postern = await startPostern(['--memory', '--no-demo']);
    const { client } = postern;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const inputs = samples.map(([line, body]) =>
      Buffer.from(`${line}\n${body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)}`),
    );
    const read = async (input: Uint8Array) => {
      const asked = readAsked(textOf(input), client);
      if (asked === undefined) return;
      const { status, text, isJson } = await exchange(asked, { client, agent });
      assert.ok(status < 500 || status === 501 || status === 503, `${status} ${text.slice(0, 500)}`);
      if (isJson && text !== '') assert.doesNotThrow(() => JSON.parse(text), text.slice(0, 500));
    };
    // The other inputs depend on these.
    for (const input of inputs) await read(input);
    return { inputs, read, close: async () => postern[Symbol.asyncDispose]() };
  },
};

interface Asked {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly body: string;
  readonly token: Promise<string> | undefined;
}

function readAsked(text: string, client: Client): Asked | undefined {
  const { subscriptionId, tenantId, objectId } = client.identity;
  const filled = text
    .replaceAll('{subscription}', subscriptionId)
    .replaceAll('{tenant}', tenantId)
    .replaceAll('{object}', objectId);
  const end = filled.indexOf('\n');
  const [method = '', to = '', ...rest] = filled.slice(0, Math.max(end, 0)).split(' ');
  const path = rest.join(' ');
  // Node's client cannot send these.
  if (!/^[A-Z]{1,10}$/.test(method) || !/^\/[!-~]*$/.test(path) || method === 'CONNECT') return undefined;
  const kind = tokens[to];
  const resource = kind === 'graph' ? `${client.home}/` : kind;
  return {
    method,
    host: new URL(to === 'vault' ? client.vaultOrigin('fuzz') : client.home).host,
    path,
    body: filled.slice(end + 1),
    token: resource === undefined ? undefined : client.token(resource),
  };
}

async function exchange(
  { method, host, path, body, token }: Asked,
  { client, agent }: { readonly client: Client; readonly agent: Agent },
) {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${await token}` };
  const type = token === undefined ? 'application/x-www-form-urlencoded' : 'application/json';
  const payload = body === '' ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) };
  const { port, hostname } = new URL(client.home);
  return new Promise<{ status: number; text: string; isJson: boolean }>((resolve, reject) => {
    const outgoing = request(
      {
        agent,
        method,
        path,
        port,
        host: '127.0.0.1',
        ca: client.ca,
        servername: host.replace(`:${port}`, '') || hostname,
        headers: { host, ...authorization, ...payload },
        timeout: answerWithinMs,
      },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        incoming.on('error', reject).on('end', () => {
          const isJson = (incoming.headers['content-type'] ?? '').includes('json');
          resolve({ status: incoming.statusCode ?? 0, text, isJson });
        });
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${answerWithinMs} ms`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
