import { accept } from '../shape/fault.ts';
import { array, choice, object, optional, refine, string } from '../shape/shape.ts';
import type { Shape } from '../shape/shape.ts';
import type { AccessPolicy, AccessPolicyPermissions } from '../types/access-policy.ts';
import { isGuid } from '../shape/guid.ts';
import { readAt, refuseResource } from './refusal.ts';
import type { ResourceOutcome } from './refusal.ts';

/** The permissions of each collection (RBAC guide; storage for clients that still send it), and `all`. */
const permissionNames: Readonly<Record<keyof AccessPolicyPermissions, readonly string[]>> = {
  secrets: ['all', 'get', 'list', 'set', 'delete', 'recover', 'backup', 'restore', 'purge'],
  keys: [
    'all',
    'encrypt',
    'decrypt',
    'wrapKey',
    'unwrapKey',
    'sign',
    'verify',
    'get',
    'list',
    'create',
    'update',
    'import',
    'delete',
    'recover',
    'backup',
    'restore',
    'purge',
    'release',
    'rotate',
    'getrotationpolicy',
    'setrotationpolicy',
  ],
  certificates: [
    'all',
    'get',
    'list',
    'create',
    'import',
    'update',
    'delete',
    'recover',
    'backup',
    'restore',
    'purge',
    'managecontacts',
    'getissuers',
    'listissuers',
    'setissuers',
    'deleteissuers',
    'manageissuers',
  ],
  storage: [
    'all',
    'get',
    'list',
    'set',
    'update',
    'delete',
    'recover',
    'backup',
    'restore',
    'purge',
    'regeneratekey',
    'getsas',
    'listsas',
    'setsas',
    'deletesas',
  ],
};

const collections = ['keys', 'secrets', 'certificates', 'storage'] as const;

/** The most policies that a vault takes (assign-access-policy.md). */
const policiesMax = 1024;

/** Reads `properties.accessPolicies`. Every policy is of the vault's own tenant. */
export function readAccessPolicies(value: unknown, tenantId: string): ResourceOutcome<readonly AccessPolicy[]> {
  const path = 'properties.accessPolicies';
  const read = readAt(array(accessPolicy), value, path);
  if (!read.ok) return read;
  if (read.value.length > policiesMax)
    return invalid(`${path} has ${read.value.length} entries; at most ${policiesMax} are allowed.`);
  for (const [index, policy] of read.value.entries()) {
    for (const name of ['tenantId', 'objectId', 'applicationId'] as const) {
      const id = policy[name];
      if (id === undefined || isGuid(id)) continue;
      return invalid(`Invalid value found at ${path}[${index}].${name}: '${id}' is not a GUID.`);
    }
    if (policy.tenantId.toLowerCase() !== tenantId.toLowerCase()) {
      return invalid(
        `Invalid value found at ${path}[${index}].tenantId: ${policy.tenantId} is not the vault's tenant ${tenantId}; all access policies of a vault are of its tenant.`,
      );
    }
  }
  return { ok: true, value: read.value };
}

type Policies = readonly AccessPolicy[];

/** `add` gives what it names in addition, `remove` takes it away, `replace` puts it in the place of what was (vaults/accessPolicies). */
export const accessPolicyUpdates: ReadonlyMap<string, (before: Policies, named: Policies) => Policies> = new Map([
  ['add', (before, named) => named.reduce((policies, policy) => mergeOne(policies, policy, union), before)],
  [
    'replace',
    (before, named) => named.reduce((policies, policy) => mergeOne(policies, policy, (_, names) => names), before),
  ],
  ['remove', (before, named) => named.reduce(removeOne, before)],
] satisfies [string, (before: Policies, named: Policies) => Policies][]);

/** A policy of which nothing is left goes. */
function removeOne(policies: Policies, policy: AccessPolicy): Policies {
  if (!policies.some((other) => sameIdentity(other, policy))) return policies;
  return mergeOne(policies, policy, difference).filter(
    (other) =>
      !sameIdentity(other, policy) ||
      collections.some((collection) => (other.permissions[collection]?.length ?? 0) > 0),
  );
}

function mergeOne(
  policies: readonly AccessPolicy[],
  policy: AccessPolicy,
  combine: (before: readonly string[], named: readonly string[]) => readonly string[],
): readonly AccessPolicy[] {
  const index = policies.findIndex((other) => sameIdentity(other, policy));
  const before = policies[index];
  if (before === undefined) return [...policies, policy];
  const permissions: Record<string, readonly string[]> = {};
  for (const collection of collections) {
    const [had, named] = [before.permissions[collection], policy.permissions[collection]];
    if (had !== undefined || named !== undefined) permissions[collection] = combine(had ?? [], named ?? []);
  }
  return policies.with(index, { ...before, permissions });
}

function sameIdentity(one: AccessPolicy, other: AccessPolicy): boolean {
  return (
    one.objectId.toLowerCase() === other.objectId.toLowerCase() &&
    one.applicationId?.toLowerCase() === other.applicationId?.toLowerCase()
  );
}

function union(before: readonly string[], named: readonly string[]): readonly string[] {
  return [...before, ...difference(named, before)];
}

function difference(from: readonly string[], names: readonly string[]): readonly string[] {
  const taken = new Set(names.map((name) => name.toLowerCase()));
  return from.filter((name) => !taken.has(name.toLowerCase()));
}

/** Names of permissions in any case, kept as they were sent: what a client sent is what it gets. */
function permissionsOf(collection: keyof AccessPolicyPermissions): Shape<readonly string[]> {
  const known = choice(permissionNames[collection]);
  return array(
    refine(string, (name) => {
      const read = known(name);
      return read.ok ? accept(name) : read;
    }),
  );
}

const accessPolicy: Shape<AccessPolicy> = object({
  tenantId: string,
  objectId: string,
  applicationId: optional(string),
  permissions: object({
    secrets: optional(permissionsOf('secrets')),
    keys: optional(permissionsOf('keys')),
    certificates: optional(permissionsOf('certificates')),
    storage: optional(permissionsOf('storage')),
  }),
});

function invalid(message: string) {
  return refuseResource({ kind: 'invalidProperty', message });
}
