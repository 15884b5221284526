import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { vaultKey } from '../../src/resources/keys.ts';
import { decode } from '../../src/store/store.ts';
import type { VaultRecord } from '../../src/types/vault.ts';
import { recordOf } from '../audit/log-lines.ts';
import type { Answered, Client, Json } from '../world/client.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';

export const location = 'westeurope';
export const group = '/resourceGroups/rg';
export const vaults = `${group}/providers/Microsoft.KeyVault/vaults`;
export const networks = `${group}/providers/Microsoft.Network/virtualNetworks`;
export const endpoint = { serviceEndpoints: [{ service: 'Microsoft.KeyVault' }] };

/** A server with the resource group `rg`. */
export async function startWithGroup(...options: readonly string[]): Promise<TestServer> {
  const world = await startServer(...options);
  expectStatus(await world.client.arm('PUT', group, { location }), 201);
  return world;
}

/** Creates the virtual network 10.0.0.0/16 with the named subnets, each with the service endpoint by default. */
export async function putNetwork(client: Client, name: string, subnets: readonly string[], others: object = endpoint) {
  const properties = {
    addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
    subnets: subnets.map((subnet, index) => ({
      name: subnet,
      properties: { addressPrefix: `10.0.${index}.0/24`, ...others },
    })),
  };
  return client.arm('PUT', `${networks}/${name}`, { location, properties });
}

export function subnetId({ identity }: Client, network: string, subnet: string): string {
  return `/subscriptions/${identity.subscriptionId}${networks}/${network}/subnets/${subnet}`;
}

/** The body of a PUT of a vault, with the required properties. */
export function vaultBody({ identity }: Client, properties: object = {}, others: object = {}) {
  const { tenantId } = identity;
  const sku = { family: 'A', name: 'standard' };
  return { location, ...others, properties: { tenantId, sku, accessPolicies: [], ...properties } };
}

export async function putVault(
  client: Client,
  name: string,
  properties: object = {},
  others: object = {},
): Promise<Answered> {
  return client.arm('PUT', `${vaults}/${name}`, vaultBody(client, properties, others));
}

/** A request as the administrator, with the given api-version. */
export async function armVersion(
  client: Client,
  request: { readonly method: string; readonly path: string; readonly version: string; readonly body?: unknown },
): Promise<Answered> {
  const { method, path, version, body } = request;
  const url = `${client.home}/subscriptions/${client.identity.subscriptionId}${path}?api-version=${version}`;
  return client.send(url, { method, body, token: await client.token('arm') });
}

/** The answer to a PUT of Microsoft.Network with the state that it has afterwards. */
export function succeeded(body: Json | undefined): Json {
  return json(JSON.parse(JSON.stringify(body).replaceAll('"Updating"', '"Succeeded"')));
}

/** The incarnation of a subnet. */
export async function incarnationOf(client: Client, network: string, subnet: string): Promise<string> {
  const path = `${networks}/${network}/subnets/${subnet}?$expand=resourceGuid`;
  return String(at(expectStatus(await client.arm('GET', path), 200).body, 'properties', 'resourceGuid'));
}

/** The vault's explanation of the verdict on an address, or on an address in a subnet. */
export async function verdictOf(client: Client, vault: string, from: { from: string; subnet?: string }): Promise<Json> {
  const explained = expectStatus(await client.arm('POST', `${vaults}/${vault}/explain`, from), 200);
  return at(explained.body, 'verdict');
}

export function expectStatus(answered: Answered, status: number): Answered {
  assert.equal(answered.status, status, JSON.stringify(answered.body));
  return answered;
}

/** The final answer of a long-running operation: follows its headers until the answer is neither 202 nor `Running`. */
export async function followed(client: Client, answered: Answered): Promise<Answered> {
  const url = answered.headers['azure-asyncoperation'] ?? answered.headers.location;
  assert.ok(typeof url === 'string', `no long-running operation: ${JSON.stringify(answered.body)}`);
  for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 20) {
    const status = await client.send(url, { token: await client.token('arm') });
    if (status.status !== 202 && status.body?.['status'] !== 'Running') return status;
    await sleep(20);
  }
  throw new Error(`${url} did not end in time`);
}

export function expectError(answered: Answered, status: number, code: string, message: string): void {
  assert.deepEqual({ status: answered.status, body: answered.body }, { status, body: { error: { code, message } } });
}

/** The value at a path of an answer. */
export function at(body: Json | undefined, ...path: readonly (string | number)[]): Json {
  let value: unknown = body;
  for (const step of path) {
    assert.ok(typeof value === 'object' && value !== null, `there is nothing at ${path.join('.')}`);
    value = Reflect.get(value, step);
  }
  return json(value);
}

/** Gives a parsed value the type for looking into it: a missing member is `undefined`. */
export function json(value: unknown): Json {
  return value as Json;
}

/** The names of the items of a list answer. */
export function namesIn(body: Json | undefined): readonly string[] {
  const value: unknown = at(body, 'value');
  assert.ok(Array.isArray(value));
  return value.map((item: unknown) => String(at(json(item), 'name')));
}

/** The claims of a token, not verified. */
export function claimsOf(token: string): Json {
  return json(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()));
}

/** The record of a vault in the store, and its version. */
export async function storedVault({ folder }: TestServer, name: string) {
  const [record] = await folder.store.read({ get: [vaultKey(name)] });
  assert.ok(record !== undefined, `no vault ${name} is stored`);
  return { version: record.version, vault: decode<VaultRecord>(record) };
}

/** The records of vaults and of the directory in the audit log, oldest first. */
export function auditLog(world: TestServer): readonly Json[] {
  return auditLines(world).filter((record) => record['category'] !== 'Administrative');
}

/** The records of the resource manager's changes, oldest first. */
export function activityLog(world: TestServer): readonly Json[] {
  return auditLines(world).filter((record) => record['category'] === 'Administrative');
}

function auditLines({ folder }: TestServer): readonly Json[] {
  return readFileSync(join(folder.path, 'audit/audit.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => json(recordOf(line)));
}
