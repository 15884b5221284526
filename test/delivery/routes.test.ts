import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Routes } from '../../src/delivery/routes.ts';

const record = (second: number, resourceId = '/VAULTS/ONE', category = 'AuditEvent') => ({
  time: new Date(second * 1000).toISOString(),
  resourceId,
  category,
});

/** Whether the record is chosen, and delivered. */
function wants(routes: Routes, line: ReturnType<typeof record>): boolean {
  const { records, begin } = routes.choose([line]);
  begin();
  return records.length === 1;
}

test('a route has the records of requests that arrived while it was there', () => {
  const routes = new Routes();
  routes.set('/VAULTS/ONE', true, 10_000);
  assert.equal(wants(routes, record(9)), false);
  assert.equal(wants(routes, record(10)), true);
  assert.equal(wants(routes, record(10, '/VAULTS/OTHER')), false);
  assert.equal(wants(routes, record(10, '/VAULTS/ONE', 'Administrative')), false, 'not a record of the vault');
  routes.set('/VAULTS/ONE', false, 20_000);
  assert.equal(wants(routes, record(19)), true, 'it is read later than it was written');
  assert.equal(wants(routes, record(20)), false);
  assert.equal(routes.isEmpty, false);
  routes.endReached(20_000);
  assert.equal(routes.isEmpty, false, 'a record of that time may come yet');
  routes.endReached(20_001);
  assert.equal(routes.isEmpty, true);
});

test('a clock that is set back does not close a route', () => {
  const routes = new Routes();
  routes.set('/VAULTS/ONE', true, 10_000);
  assert.equal(wants(routes, record(11)), true);
  assert.equal(wants(routes, record(3)), true);
});

test('a route that is set again is as it was', () => {
  const routes = new Routes();
  routes.set('/VAULTS/ONE', true, 10_000);
  routes.set('/VAULTS/ONE', true, 50_000);
  assert.equal(wants(routes, record(10)), true);
  assert.deepEqual(routes.resources, ['/VAULTS/ONE']);
});

test('a sink for everything has all categories of all resources, and none is named', () => {
  const routes = new Routes();
  routes.takeEverything(10_000);
  assert.equal(wants(routes, record(9)), false);
  assert.equal(wants(routes, record(10, '/TENANTS/T', 'SignInLogs')), true);
  assert.deepEqual(routes.resources, ['']);
});

test('choosing changes nothing until the records are delivered', () => {
  const routes = new Routes();
  routes.set('/VAULTS/ONE', true, 10_000);
  const lines = [record(9), record(10), record(3)];
  assert.deepEqual(routes.choose(lines).records, lines.slice(1));
  const { records, begin } = routes.choose(lines);
  assert.deepEqual(records, lines.slice(1), 'as the first time');
  begin();
  assert.deepEqual(routes.choose(lines).records, lines);
});

test('a later process has the routes that had not begun, and those that had ended', () => {
  const routes = new Routes();
  routes.set('/VAULTS/ONE', true, 10_000);
  routes.set('/VAULTS/TWO', true, 20_000);
  routes.endReached(15_000);
  routes.set('/VAULTS/THREE', true, 1_000);
  routes.set('/VAULTS/THREE', false, 30_000);
  assert.deepEqual(routes.stored, [
    { resourceId: '/VAULTS/TWO', fromMs: 20_000 },
    { resourceId: '/VAULTS/THREE', fromMs: 1_000, untilMs: 30_000 },
  ]);
  const later = new Routes();
  later.restore(routes.stored);
  for (const name of ['ONE', 'TWO']) later.set(`/VAULTS/${name}`, true, 0);
  later.endOthers(new Set(['/VAULTS/ONE', '/VAULTS/TWO']), 40_000);
  const chosen = (second: number) =>
    ['ONE', 'TWO', 'THREE'].filter((name) => later.choose([record(second, `/VAULTS/${name}`)]).records.length === 1);
  assert.deepEqual(chosen(19), ['ONE', 'THREE']);
  assert.deepEqual(chosen(20), ['ONE', 'TWO', 'THREE']);
  assert.deepEqual(chosen(30), ['ONE', 'TWO']);
});
