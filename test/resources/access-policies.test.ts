import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { accessPolicyUpdates, readAccessPolicies } from '../../src/resources/vaults/vault-properties.ts';
import type { AccessPolicy } from '../../src/types/access-policy.ts';

const tenantId = '10000000-0000-0000-0000-00000000000a';

const names = fc.uniqueArray(fc.constantFrom('get', 'list', 'set', 'delete', 'purge'));
const policy: fc.Arbitrary<AccessPolicy> = fc
  .record(
    {
      objectId: fc.constantFrom('a', 'b', 'c', 'A'),
      applicationId: fc.constantFrom('x', 'y'),
      permissions: fc.record({ secrets: names, keys: names }, { requiredKeys: [] }),
    },
    { requiredKeys: ['objectId', 'permissions'] },
  )
  .map((given) => ({ tenantId, ...given }));
/** In the form of stored lists, which have every identity once. */
const stored = fc.uniqueArray(policy, { selector: identityOf });

function identityOf({ objectId, applicationId }: AccessPolicy): string {
  return `${objectId}/${applicationId ?? ''}`.toLowerCase();
}

/** The permissions in a list of policies, as `identity collection/permission`, in order. */
function grants(policies: readonly AccessPolicy[]): readonly string[] {
  const given = policies.flatMap((one) =>
    (['secrets', 'keys'] as const).flatMap((collection) =>
      (one.permissions[collection] ?? []).map((permission) => `${identityOf(one)} ${collection}/${permission}`),
    ),
  );
  return [...new Set(given)].toSorted();
}

function without(all: readonly string[], those: readonly string[]): readonly string[] {
  return all.filter((one) => !those.includes(one));
}

function update(kind: string, before: readonly AccessPolicy[], named: readonly AccessPolicy[]) {
  const apply = accessPolicyUpdates.get(kind);
  assert.ok(apply !== undefined);
  return apply(before, named);
}

test('add gives the union of both lists, with every identity once', () => {
  fc.assert(
    fc.property(stored, fc.array(policy), (before, named) => {
      const after = update('add', before, named);
      assert.deepEqual(grants(after), grants([...before, ...named]));
      assert.equal(new Set(after.map(identityOf)).size, after.length);
      assert.deepEqual(grants(update('add', after, named)), grants(after));
    }),
  );
});

test('remove removes exactly the named permissions, and adding them again restores the list', () => {
  fc.assert(
    fc.property(stored, fc.array(policy), (before, named) => {
      const after = update('remove', before, named);
      assert.deepEqual(grants(after), without(grants(before), grants(named)));
      const common = named.filter((one) => without(grants([one]), grants(before)).length === 0);
      const less = update('remove', before, common);
      assert.deepEqual(grants(update('add', less, common)), grants(before));
    }),
  );
});

test('replace leaves the identities that it does not name', () => {
  fc.assert(
    fc.property(stored, fc.uniqueArray(policy, { selector: identityOf }), (before, named) => {
      const after = update('replace', before, named);
      const replaced = new Set(named.map(identityOf));
      const others = before.filter((one) => !replaced.has(identityOf(one)));
      assert.deepEqual(grants(after), grants([...named, ...others]));
    }),
  );
});

test('every permission of the data plane can be granted by its name, in any case, and no other', () => {
  const permissionNames = {
    secrets: 'get list set delete recover backup restore purge',
    keys:
      'encrypt decrypt wrapKey unwrapKey sign verify get list create update import delete recover backup restore purge ' +
      'release rotate getrotationpolicy setrotationpolicy',
    certificates:
      'get list create import update delete recover backup restore purge managecontacts getissuers listissuers ' +
      'setissuers deleteissuers manageissuers',
  };
  const objectId = '30000000-0000-0000-0000-00000000000c';
  const read = (collection: string, permission: string) =>
    readAccessPolicies([{ tenantId, objectId, permissions: { [collection]: [permission] } }], tenantId);
  for (const [collection, listed] of Object.entries(permissionNames)) {
    for (const name of ['all', ...listed.split(' ')]) {
      for (const spelt of [name, name.toUpperCase()]) {
        const policies = read(collection, spelt);
        assert.ok(policies.ok, `${collection}/${spelt}`);
        // The client gets back what it sent.
        assert.deepEqual(policies.value[0]?.permissions, { [collection]: [spelt] });
      }
    }
  }
  for (const [collection, name] of [
    ['secrets', 'sign'],
    ['secrets', 'getissuers'],
    ['keys', 'set'],
    ['keys', 'wrap'],
    ['certificates', 'rotate'],
  ] as const) {
    const refused = read(collection, name);
    assert.ok(!refused.ok, `${collection}/${name}`);
    assert.equal(refused.refusal.kind, 'unknownChoice');
  }
});
