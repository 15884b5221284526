import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorize, compileAccessPolicies } from '../../src/access/access-policies.ts';
import type { AccessPolicy } from '../../src/types/access-policy.ts';
import type { Caller } from '../../src/types/caller.ts';
import type { Permission } from '../../src/types/operation.ts';
import { caller, group, object, otherTenant, tenant } from './caller.ts';

const application = 'a0000000-0000-0000-0000-00000000000a';

function policy(permissions: AccessPolicy['permissions'], others: Partial<AccessPolicy> = {}): AccessPolicy {
  return { tenantId: tenant, objectId: object, permissions, ...others };
}

function verdict(policies: readonly AccessPolicy[], who: Partial<Caller>, permission: Permission = 'secrets/get') {
  return authorize(compileAccessPolicies(policies), caller(who), permission);
}

const denied = { allowed: false, because: 'noAccessPolicy' };
const byPolicy = (index: number) => ({ allowed: true, because: 'accessPolicy', index });

test('a policy gives its object the permission, whatever the case of names and ids', () => {
  assert.deepEqual(verdict([policy({ secrets: ['get'] })], {}), byPolicy(0));
  assert.deepEqual(verdict([policy({ secrets: ['GET'] })], {}), byPolicy(0));
  assert.deepEqual(verdict([policy({ secrets: ['get'] }, { objectId: object.toUpperCase() })], {}), byPolicy(0));
  assert.deepEqual(verdict([policy({ secrets: ['get'] }, { tenantId: tenant.toUpperCase() })], {}), byPolicy(0));
  assert.deepEqual(verdict([policy({ keys: ['wrapkey'] })], {}, 'keys/wrapKey'), byPolicy(0));
});

test('near misses: another object, another tenant, another permission, another collection', () => {
  const given = [policy({ secrets: ['get'], keys: ['list'] })];
  const misses: readonly (readonly [Partial<Caller>, Permission])[] = [
    [{ objectId: group }, 'secrets/get'],
    [{ objectId: '' }, 'secrets/get'],
    [{ tenant: otherTenant }, 'secrets/get'],
    [{ tenant: otherTenant, issuerClass: 'external' }, 'secrets/get'],
    [{}, 'secrets/list'],
    [{}, 'keys/get'],
    [{}, 'certificates/get'],
  ];
  for (const [who, permission] of misses) assert.deepEqual(verdict(given, who, permission), denied);
  assert.deepEqual(verdict([], {}), denied);
  assert.deepEqual(verdict([policy({})], {}), denied);
});

test('`all` gives every permission of its collection and none of another', () => {
  const given = [policy({ secrets: ['All'] })];
  for (const permission of ['secrets/get', 'secrets/purge', 'secrets/restore'] as const) {
    assert.deepEqual(verdict(given, {}, permission), byPolicy(0));
  }
  assert.deepEqual(verdict(given, {}, 'keys/get'), denied);
  assert.deepEqual(verdict(given, {}, 'certificates/purge'), denied);
});

test('a policy with an application holds only for that application acting for that object', () => {
  const given = [policy({ secrets: ['get'] }, { applicationId: application })];
  assert.deepEqual(verdict(given, { applicationId: application }), byPolicy(0));
  assert.deepEqual(verdict(given, { applicationId: application.toUpperCase() }), byPolicy(0));
  assert.deepEqual(verdict(given, { applicationId: object }), denied);
  assert.deepEqual(verdict(given, { applicationId: undefined }), denied);
  assert.deepEqual(verdict(given, { applicationId: application, objectId: group }), denied);
  // A policy without an application holds for the object, whichever application acts for it.
  assert.deepEqual(verdict([policy({ secrets: ['get'] })], { applicationId: application }), byPolicy(0));
});

test('a policy for a group gives the permission to its members only', () => {
  const given = [policy({ secrets: ['get'] }, { objectId: group })];
  assert.deepEqual(verdict(given, { groups: [otherTenant, group.toUpperCase()] }), byPolicy(0));
  assert.deepEqual(verdict(given, { groups: [otherTenant] }), denied);
  assert.deepEqual(verdict(given, { groups: [] }), denied);
  assert.deepEqual(verdict(given, { groups: [group], tenant: otherTenant }), denied);
});

test("the verdict names the policy that gave the permission: the caller's own before a group's, and the first of several", () => {
  const given = [
    policy({ secrets: ['get'] }, { objectId: group }),
    policy({ secrets: ['list'] }),
    policy({ secrets: ['get'] }, { applicationId: application }),
    policy({ secrets: ['get'] }),
  ];
  assert.deepEqual(verdict(given, { groups: [group] }), byPolicy(3));
  assert.deepEqual(verdict(given, { groups: [group], applicationId: application }), byPolicy(2));
  assert.deepEqual(verdict(given.slice(0, 2), { groups: [group] }), byPolicy(0));
});

test("a trusted service is matched by its object id, although its token is of the services' tenant", () => {
  const service: Partial<Caller> = { tenant: otherTenant, issuerClass: 'services' };
  assert.deepEqual(verdict([policy({ secrets: ['get'] })], service), byPolicy(0));
  assert.deepEqual(verdict([policy({ secrets: ['get'] })], { ...service, objectId: group }), denied);
  assert.deepEqual(verdict([policy({ secrets: ['list'] })], service), denied);
  assert.deepEqual(verdict([policy({ secrets: ['get'] }, { applicationId: application })], service), denied);
});

test('manageissuers includes the permissions to get, list, set and delete issuers', () => {
  const [given, listed] = [[policy({ certificates: ['ManageIssuers'] })], [policy({ certificates: ['listissuers'] })]];
  for (const name of ['getissuers', 'listissuers', 'setissuers', 'deleteissuers', 'manageissuers'] as const) {
    assert.deepEqual(verdict(given, {}, `certificates/${name}`), byPolicy(0));
    assert.equal(verdict(listed, {}, `certificates/${name}`).allowed, name === 'listissuers');
  }
  assert.deepEqual(verdict(given, {}, 'certificates/managecontacts'), denied);
});
