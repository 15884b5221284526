import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { registerClient } from '../../src/directory/client-registration.ts';
import type { ClientRegistration } from '../../src/directory/client-registration.ts';
import type { AuditRecord } from '../../src/audit/event.ts';
import { linesOf } from '../audit/log-lines.ts';
import { connect } from '../world/client.ts';
import type { Answered, Client, Credentials, Json } from '../world/client.ts';
import type { TestServer } from '../world/server.ts';

export const location = 'westeurope';
const group = '/resourceGroups/rg';

/** Path of a vault below the subscription. */
export function vaultPath(name: string): string {
  return `${group}/providers/Microsoft.KeyVault/vaults/${name}`;
}

/** The 127.0.0.7 and ::1 of this machine, as vaults see them; 127.0.0.8 stands for all other clients. */
export const networks = { allowed: '127.0.0.7', refused: '127.0.0.8' } as const;

/** How long a deletion and a recovery take, unless a setting says otherwise: `advance` by it, and they are complete. */
export const transitionMs = 500;

const allowedRule = [{ value: '203.0.113.7' }];

/** The parts of a vault's `properties` that these tests set. */
export const acls = {
  deny: { defaultAction: 'Deny', bypass: 'None', ipRules: allowedRule },
  denyBypass: { defaultAction: 'Deny', bypass: 'AzureServices', ipRules: allowedRule },
  allow: { defaultAction: 'Allow', bypass: 'None' },
} as const;

export interface PolicyHolder {
  readonly objectId: string;
  readonly secrets?: readonly string[];
  readonly keys?: readonly string[];
  readonly certificates?: readonly string[];
}

/** Puts a vault of that name, with the administrator allowed everything unless `policies` say otherwise, in `region`. */
export async function putVault(
  client: Client,
  name: string,
  {
    policies,
    region = location,
    ...properties
  }: Readonly<Record<string, unknown>> & { readonly policies?: readonly PolicyHolder[]; readonly region?: string } = {},
): Promise<Answered> {
  const { tenantId, objectId } = client.identity;
  await client.arm('PUT', group, { location });
  const all = ['all'];
  const holders = policies ?? [{ objectId, secrets: all, keys: all, certificates: all }];
  const answer = await client.arm('PUT', vaultPath(name), {
    location: region,
    properties: {
      tenantId,
      sku: { family: 'A', name: 'standard' },
      accessPolicies: holders.map((holder) => ({ tenantId, objectId: holder.objectId, permissions: granted(holder) })),
      ...properties,
    },
  });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer;
}

function granted({ secrets = [], keys = [], certificates = [] }: PolicyHolder) {
  return { secrets, keys, certificates };
}

export interface Registered extends Credentials {
  readonly objectId: string;
  readonly tenantId: string;
}

/** Registers a client directly in the store, by default in the server's own tenant. */
export async function register(
  { client, folder }: TestServer,
  given: Partial<Pick<ClientRegistration, 'tenantId' | 'clientId' | 'managedIdentity' | 'groups'>> = {},
): Promise<Registered> {
  const clientSecret = `secret-${randomUUID()}`;
  const registered = {
    tenantId: client.identity.tenantId,
    clientId: randomUUID(),
    objectId: randomUUID(),
    ...given,
  };
  await registerClient(folder.store, { ...registered, displayName: 'test', secrets: [clientSecret] });
  return { ...registered, clientSecret };
}

/** Another client of the administrator, without the tokens that expired when the clock moved on. */
export function newClient({ port, folder, agent }: TestServer): Client {
  const { certificates, identity } = folder;
  return connect({ port, domain: 'localhost', ca: certificates.authority.certificate, identity, agent });
}

/** The caller's line as errors have it. */
export function callerLine(
  { clientId, objectId, tenantId }: Omit<Registered, 'clientSecret'>,
  managedIdentity?: string,
): string {
  const identity = managedIdentity === undefined ? '' : `;xms_mirid=${managedIdentity}`;
  return `appid=${clientId};oid=${objectId};iss=https://sts.windows.net/${tenantId}/${identity}`;
}

/** Azure's message for a caller without an access policy; `permission` is like `secrets/get`. */
export function accessDenied(
  caller: Omit<Registered, 'clientSecret'>,
  permission: string,
  vault: string,
  managedIdentity?: string,
): string {
  return (
    `The user, group or application '${callerLine(caller, managedIdentity)}' does not have ` +
    `${permission.replace('/', ' ')} permission on key vault ` +
    `'${vault};location=${location}'. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287`
  );
}

/** The body of an answer of this status. */
export async function ok(answer: Promise<Answered>, status = 200): Promise<Json> {
  const { status: found, body } = await answer;
  assert.equal(found, status, JSON.stringify(body));
  return body;
}

/** The body of an error; `inner` is Azure's `innererror`. */
/** The message for a direct change of a certificate's key or secret. */
export function managedBody(operation: string, noun: 'Key' | 'secret'): unknown {
  const message =
    `Operation "${operation}" is not allowed on this ${noun}, since it is associated with a certificate. Perform the ` +
    'operation on the corresponding certificate. For more information refer to ' +
    'https://docs.microsoft.com/en-us/azure/key-vault/certificates/about-certificates#composition-of-a-certificate';
  return errorBody('Forbidden', message, noun === 'Key' ? 'KeyManagedByKeyVault' : 'SecretManagedByKeyVault');
}

export function errorBody(code: string, message: string, inner?: string): unknown {
  return { error: { code, message, ...(inner !== undefined && { innererror: { code: inner } }) } };
}

/** The members of a JSON object, to be compared or spread. */
export function members(found: Json | undefined): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(found ?? {}));
}

/** `value` of a list's answer. */
export function items(list: Json): readonly Json[] {
  return Object.values<Json>(list['value'] ?? {});
}

/** The audit log as it is now, oldest first. */
export function auditRecords({ folder }: Pick<TestServer, 'folder'>): readonly AuditRecord[] {
  return linesOf(join(folder.path, 'audit'));
}

/** Those records, oldest first, once there are `count` of them: a change's is shipped after its answer. */
export async function recordsWhere(
  world: Pick<TestServer, 'folder'>,
  isWanted: (record: AuditRecord) => boolean,
  count = 1,
): Promise<readonly AuditRecord[]> {
  for (let attempt = 0; ; attempt += 1) {
    const found = auditRecords(world).filter(isWanted);
    if (found.length >= count || attempt === 100) return found.toSorted((a, b) => (a.time < b.time ? -1 : 1));
    await pause(20);
  }
}

/** Every byte that the audit wrote. */
export function auditText(dataFolder: string): string {
  const directory = join(dataFolder, 'audit');
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'))
    .join('');
}
