import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Routes } from '../../src/delivery/routes.ts';

const record = (second: number, resourceId = '/VAULTS/ONE', category = 'AuditEvent') => ({
  time: new Date(second * 1000).toISOString(),
  resourceId,
  category,
});

test('a route has the records of requests that arrived while it was there', () => {
  const routes = new Routes();
  routes.set('/VAULTS/ONE', true, 10_000);
  assert.equal(routes.wants(record(9)), false);
  assert.equal(routes.wants(record(10)), true);
  assert.equal(routes.wants(record(10, '/VAULTS/OTHER')), false);
  assert.equal(routes.wants(record(10, '/VAULTS/ONE', 'Administrative')), false, 'not a record of the vault');
  routes.set('/VAULTS/ONE', false, 20_000);
  assert.equal(routes.wants(record(19)), true, 'it is read later than it was written');
  assert.equal(routes.wants(record(20)), false);
  assert.equal(routes.isEmpty, false);
  routes.forget(20_000);
  assert.equal(routes.isEmpty, false, 'a record of that time may come yet');
  routes.forget(20_001);
  assert.equal(routes.isEmpty, true);
});

test('a clock that is set back does not close a route', () => {
  const routes = new Routes();
  routes.set('/VAULTS/ONE', true, 10_000);
  assert.equal(routes.wants(record(11)), true);
  assert.equal(routes.wants(record(3)), true);
});

test('a route that is set again is as it was', () => {
  const routes = new Routes();
  routes.set('/VAULTS/ONE', true, 10_000);
  routes.set('/VAULTS/ONE', true, 50_000);
  assert.equal(routes.wants(record(10)), true);
  assert.deepEqual(routes.resources, ['/VAULTS/ONE']);
});

test('a sink for everything has all categories of all resources, and none is named', () => {
  const routes = new Routes();
  routes.takeEverything(10_000);
  assert.equal(routes.wants(record(9)), false);
  assert.equal(routes.wants(record(10, '/TENANTS/T', 'SignInLogs')), true);
  assert.deepEqual(routes.resources, ['']);
});
