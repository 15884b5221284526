import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  answersOf,
  byPolicies,
  byRoles,
  given,
  namesIn,
  permissionText,
  shownName,
  toSend,
} from '../../src/portal/access/policies.ts';
import { byUse, compiled, isOwn, scopeText } from '../../src/portal/access/roles.ts';
import type { Assignment, Role } from '../../src/portal/access/roles.ts';

const tenantId = 'a0000000-0000-4000-8000-000000000001';
const person = {
  tenantId,
  objectId: 'b0000000-0000-4000-8000-000000000002',
  groups: ['c0000000-0000-4000-8000-000000000003'],
};
const vaultId = '/subscriptions/1/resourceGroups/g/providers/Microsoft.KeyVault/vaults/demo';

describe('the permissions of a policy', () => {
  it('are shown in one spelling, all and none by these words', () => {
    const permissions = { secrets: ['List', 'GET'], keys: ['all'] };
    assert.equal(permissionText(permissions, 'secrets'), 'Get, List');
    assert.equal(permissionText(permissions, 'keys'), 'all');
    assert.equal(permissionText(permissions, 'certificates'), 'none');
    assert.deepEqual(given(permissions, 'keys'), namesIn('keys'));
  });

  it('have the words that Azure shows', () => {
    assert.deepEqual(['get', 'wrapKey', 'getrotationpolicy', 'managecontacts'].map(shownName), [
      'Get',
      'Wrap Key',
      'Get Rotation Policy',
      'Manage Contacts',
    ]);
  });

  it('stay "all" if nothing was taken away, and do not become it by choosing each', () => {
    const everything = { secrets: namesIn('secrets'), keys: namesIn('keys'), certificates: [] };
    assert.deepEqual(toSend(everything, { secrets: ['all'] }), {
      secrets: ['all'],
      keys: namesIn('keys'),
      certificates: [],
    });
    assert.deepEqual(toSend({ ...everything, secrets: ['get'] }, { secrets: ['all'] }).secrets, ['get']);
  });
});

describe('what somebody can do', () => {
  it('by their policy and by that of a group, each with its reason', () => {
    const answers = answersOf(
      byPolicies(
        [
          { tenantId, objectId: person.objectId, permissions: { secrets: ['get'] } },
          { tenantId, objectId: person.groups[0] ?? '', permissions: { secrets: ['list'] } },
          {
            tenantId,
            objectId: 'd0000000-0000-4000-8000-000000000004',
            permissions: { secrets: ['all'], keys: ['all'] },
          },
        ],
        person,
      ),
    );
    assert.deepEqual(
      answers.filter(({ verdict }) => verdict.allowed),
      [
        { collection: 'secrets', names: ['get'], verdict: { allowed: true, because: 'accessPolicy', index: 0 } },
        { collection: 'secrets', names: ['list'], verdict: { allowed: true, because: 'accessPolicy', index: 1 } },
      ],
    );
    const keys = answers.filter(({ collection }) => collection === 'keys');
    assert.deepEqual(keys, [
      { collection: 'keys', names: namesIn('keys'), verdict: { allowed: false, because: 'noAccessPolicy' } },
    ]);
  });

  const role: Role = {
    id: '/subscriptions/1/providers/Microsoft.Authorization/roleDefinitions/e0000000-0000-4000-8000-000000000005',
    name: 'e0000000-0000-4000-8000-000000000005',
    properties: {
      roleName: 'Key Vault Secrets User',
      description: '',
      permissions: [
        {
          actions: [],
          notActions: [],
          dataActions: ['Microsoft.KeyVault/vaults/secrets/getSecret/action'],
          notDataActions: [],
        },
      ],
    },
  };
  const assignmentAt = (scope: string): Assignment => ({
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/x`,
    name: 'x',
    properties: {
      roleDefinitionId: role.id.toUpperCase(),
      principalId: person.objectId.toUpperCase(),
      principalType: 'User',
      scope,
    },
  });

  for (const [scope, may] of [
    ['/subscriptions/1', ['get']],
    [vaultId, ['get']],
    [`${vaultId}2`, []],
    [`${vaultId}/secrets/greeting`, []],
  ] as const) {
    it(`by a role at ${scope}: ${may.join() || 'nothing in the vault as a whole'}`, () => {
      const answers = answersOf(byRoles(compiled(tenantId, [assignmentAt(scope)], [role]), person, vaultId));
      assert.deepEqual(
        answers.filter(({ verdict }) => verdict.allowed).flatMap(({ names }) => names),
        may,
      );
    });
  }

  it('scopes are told as seen from the vault, and only its own assignments are removed here', () => {
    for (const [scope, text, own] of [
      [vaultId.toUpperCase(), 'this vault', true],
      [`${vaultId}/secrets/greeting`, 'secrets/greeting', true],
      ['/subscriptions/1/resourceGroups/g', 'resource group g', false],
      ['/subscriptions/1', 'subscription', false],
    ] as const) {
      assert.deepEqual([scopeText(scope, vaultId), isOwn(assignmentAt(scope), vaultId)], [text, own]);
    }
  });

  it('roles that give something inside of vaults come first, each list by name', () => {
    const owner = { ...role, properties: { ...role.properties, roleName: 'Owner', permissions: [] } };
    const officer = { ...role, properties: { ...role.properties, roleName: 'Key Vault Crypto Officer' } };
    const { inside, others } = byUse([owner, role, officer]);
    assert.deepEqual(
      [inside, others].map((roles) => roles.map(({ properties }) => properties.roleName)),
      [['Key Vault Crypto Officer', 'Key Vault Secrets User'], ['Owner']],
    );
  });
});
