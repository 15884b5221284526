import { encodePath, readSkipToken, skipToken } from '../../http/request.ts';
import { vaultId } from '../../resources/keys.ts';
import type { Stored } from '../../store/records.ts';
import type { VaultRecord } from '../../types/vault.ts';
import type { ObjectRequest, ResourceObject } from '../../types/vault-object.ts';
import { answer, badRequest, refuse, tagsOf } from '../operation.ts';
import type { ControlCall, ControlOutcome } from '../operation.ts';
import { foreignToken, pageLimit } from '../list.ts';
import { readVaultOf, vaultPath } from '../vaults/resource.ts';
import type { Change, List } from './objects.ts';

export const secretsPath = `${vaultPath}/secrets`;
export const secretPath = `${secretsPath}/:name`;
export const keysPath = `${vaultPath}/keys`;
export const keyPath = `${keysPath}/:name`;
export const keyVersionsPath = `${keyPath}/versions`;

/**
 * Names of vault objects: "a 1-127 character string, containing only 0-9, a-z, A-Z, and -"
 * (about-keys-secrets-certificates).
 */
const objectName = /^[0-9a-z-]{1,127}$/i;

export type Collection = 'secrets' | 'keys';

/** Runs an operation on one object, and answers with the object as a resource. */
export async function objectAnswer(
  call: ControlCall,
  {
    collection,
    change,
    body,
  }: { readonly collection: Collection; readonly change: Change; readonly body?: ObjectRequest['body'] },
): Promise<ControlOutcome> {
  const found = await readVaultOf(call);
  const { name = '', version } = call.params;
  if (!objectName.test(name)) {
    return badRequest(`The name '${name.slice(0, 200)}' is invalid: ${nameRule}.`);
  }
  if (version !== undefined && !/^[0-9a-f]{32}$/i.test(version)) {
    return refuse({
      kind: 'vaultObjectNotFound',
      message: `There is no version '${version.slice(0, 64)}' of ${name}.`,
    });
  }
  const outcome = await change({
    ...askedOf(call, found),
    name,
    ...(version !== undefined && { version }),
    ...(body !== undefined && { body }),
  });
  if (outcome.ok) {
    const resource = objectResource(found.vault, outcome.value, { collection, version });
    return { ...answer(200, resource), ...(outcome.change !== undefined && { change: outcome.change }) };
  }
  const { status, message } = outcome;
  if (status === 404) return refuse({ kind: 'vaultObjectNotFound', message });
  return status === 409 ? refuse({ kind: 'vaultObjectConflict', message }) : badRequest(message);
}

/** One page of objects: `{ value, nextLink }`. */
export async function objectList(
  call: ControlCall,
  { collection, list }: { readonly collection: Collection; readonly list: List },
): Promise<ControlOutcome> {
  const found = await readVaultOf(call);
  const { $top: top, $skiptoken: token } = call.query;
  const limit = pageLimit(top);
  const after = token === undefined ? undefined : readSkipToken(token);
  if (token !== undefined && (after === undefined || !objectName.test(after))) return foreignToken();
  const { name = '' } = call.params;
  if (name !== '' && !objectName.test(name)) return answer(200, { value: [] });
  const { items, next } = await list({ ...askedOf(call, found), name, after, limit });
  const isVersions = name !== '';
  const value = items.map((item) =>
    objectResource(found.vault, item, { collection, version: isVersions ? item.version : undefined }),
  );
  if (next === undefined) return answer(200, { value });
  const query = new URLSearchParams({ ...call.query, $skiptoken: skipToken(next) });
  return answer(200, { value, nextLink: `${call.names.resourceManager}${encodePath(call.path)}?${query.toString()}` });
}

/** The body in the form that the data plane reads: its properties, some under another name, and its tags. */
export function objectBody(
  call: ControlCall,
  names: Readonly<Record<string, string>> = {},
): Readonly<Record<string, unknown>> {
  const { properties } = call.body;
  const given = typeof properties === 'object' && properties !== null ? Object.entries(properties) : [];
  const made = new Set(['secretUri', 'secretUriWithVersion', 'keyUri', 'keyUriWithVersion']);
  const kept = given.filter(([name, value]) => !made.has(name) && value !== null);
  const renamed = kept.map(([name, value]): [string, unknown] => [
    Object.hasOwn(names, name) ? (names[name] ?? name) : name,
    value,
  ]);
  return { ...Object.fromEntries(renamed), ...(call.body['tags'] !== undefined && { tags: tagsOf(call.body) }) };
}

const nameRule = '1 to 127 letters, digits and hyphens';

function askedOf(
  call: ControlCall,
  { record, vault }: { readonly record: Stored<VaultRecord>; readonly vault: VaultRecord },
) {
  return {
    store: call.store,
    vault,
    require: [{ key: record.key, version: record.version }],
    origin: `https://${vault.name}${call.names.vaultSuffix}`,
    apiVersion: call.apiVersion,
    now: call.nowMs,
  };
}

function objectResource(
  vault: VaultRecord,
  object: ResourceObject,
  { collection, version }: { readonly collection: Collection; readonly version: string | undefined },
) {
  const id = `${vaultId(vault)}/${collection}/${object.name}`;
  const type = `Microsoft.KeyVault/vaults/${collection}`;
  return {
    id: version === undefined ? id : `${id}/versions/${version}`,
    name: version ?? object.name,
    type: version === undefined ? type : `${type}/versions`,
    location: vault.location,
    ...(object.tags !== undefined && { tags: object.tags }),
    properties: object.properties,
  };
}
