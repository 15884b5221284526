import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import findMyWay from 'find-my-way';
import { operations } from '../../src/control-plane/operations.ts';
import { idOf, routerOf } from '../../src/control-plane/request.ts';
import { operations as vaultOperations } from '../../src/data-plane/operations.ts';
import { targetFault, targetSegments } from '../../src/http/request.ts';
import { routing } from '../../src/edge/router.ts';
import { register } from '../data-plane/vaults.ts';
import { assign } from '../world/assign.ts';
import { sendRaw } from '../world/raw.ts';
import { at, auditLog, expectStatus, putVault, startWithGroup, vaults } from './resources.ts';

const locks = '/providers/Microsoft.Authorization/locks';
const version = 'api-version=2023-07-01';

test('a fragment in a target does not hide a vault from its locks', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const path = `/subscriptions/${client.identity.subscriptionId}${vaults}/kv-one`;
  const token = await client.token('arm');
  expectStatus(await putVault(client, 'kv-one'), 200);
  expectStatus(await client.arm('PUT', `${vaults}/kv-one${locks}/keep`, { properties: { level: 'ReadOnly' } }), 201);
  const open = { properties: { networkAcls: { defaultAction: 'Allow' } } };
  const cases = [
    ['DELETE', `${path}#&${version}`, undefined],
    ['DELETE', `${path}#?${version}`, undefined],
    ['DELETE', `${path}?${version}#`, undefined],
    ['PATCH', `${path}#&${version}`, open],
    ['DELETE', `${path}/x/..?${version}`, undefined],
    ['DELETE', `${path}%2f..%2fkv-one?${version}`, undefined],
  ] as const;
  for (const [method, target, body] of cases) {
    const refused = await sendRaw(client, { method, target, token, body });
    assert.equal(refused.status, 400, target);
    assert.equal(at(refused.body, 'error', 'code'), 'BadRequest');
    assert.match(String(at(refused.body, 'error', 'message')), /^The request target is invalid: its? /);
  }
  for (const target of [`${path}?${version}`, `${path.replace('/kv-one', '//%6bV%2done/')}?${version}`]) {
    const locked = await sendRaw(client, { method: 'DELETE', target, token });
    assert.equal(locked.status, 409, 'the near misses reach the lock');
    assert.equal(at(locked.body, 'error', 'code'), 'ScopeLocked');
  }
  const vault = expectStatus(await client.arm('GET', `${vaults}/kv-one`), 200);
  assert.notEqual(at(vault.body, 'properties', 'networkAcls')?.['defaultAction'], 'Allow');
});

test('a fragment is refused at every edge, before anything else is checked', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const host = new URL(client.vaultOrigin('kv-one')).host;
  const targets = ['/v1.0/users#a', `/${client.identity.tenantId}/oauth2/v2.0/token#`, '/metadata#', '/nothing#'];
  for (const target of targets) assert.equal((await sendRaw(client, { method: 'GET', target })).status, 400, target);
  assert.equal((await sendRaw(client, { method: 'GET', target: '/secrets/a#b?api-version=7.4', host })).status, 400);
});

/** Ways to write a segment, most of them equivalent. */
const respelt = fc.constantFrom<((segment: string, place: number) => string)[]>(
  (segment) => segment,
  (segment) => segment.toUpperCase(),
  (segment) => segment.toLowerCase(),
  (segment, place) => {
    const index = place % segment.length;
    return `${segment.slice(0, index)}%${segment.charCodeAt(index).toString(16)}${segment.slice(index + 1)}`;
  },
  (segment) => `/${segment}`,
  (segment) => `${segment}/`,
);
const junk = fc.constantFrom(
  ...'# ? ; ;a=b \\ %23 %2f %2F..%2F %5c %00 %3f %3B %25 %2541 /. /.. /%2e%2e'.split(' '),
  ...'%C4%B0 %E2%84%AA %C3%9F %zz % & + %20 . * :name @ // /x/y'.split(' '),
);
const spelling = fc.record({
  ways: fc.array(fc.tuple(respelt, fc.nat({ max: 40 })), { minLength: 20, maxLength: 20 }),
  junk: fc.option(fc.tuple(junk, fc.nat({ max: 200 })), { freq: 2 }),
});

function spell(path: string, { ways, junk: added }: typeof spelling extends fc.Arbitrary<infer T> ? T : never): string {
  const segments = path.split('/').slice(1);
  const spelt = segments.map((segment, index) => {
    const [way, place] = ways[index % ways.length] ?? [];
    return segment === '' || way === undefined ? segment : way(segment, place ?? 0);
  });
  const target = `/${spelt.join('/')}`;
  if (added === null) return target;
  const place = 1 + (added[1] % target.length);
  return `${target.slice(0, place)}${added[0]}${target.slice(place)}`;
}

const names = [
  's',
  'rg',
  'kv',
  'kv-two',
  'Microsoft.KeyVault',
  'vaults',
  'locks',
  'a b',
  'a%b',
  '\u00e9',
  'x?y',
  'x#y',
];
const paths = fc
  .tuple(
    fc.constantFrom(...operations.filter(({ path }) => path.startsWith('/')), ...vaultOperations),
    fc.array(fc.constantFrom(...names), { minLength: 6, maxLength: 6 }),
  )
  .map(([{ path }, given]) =>
    path
      .split('/')
      .map((part, index) => (part.startsWith(':') ? encodeURIComponent(given[index % given.length] ?? 's') : part))
      .join('/'),
  );

test('the router and our own parser read a target alike', () => {
  const router = findMyWay(routing);
  const find = routerOf(operations);
  for (const { method, path } of operations) {
    if (method !== 'HEAD' && path.startsWith('/')) router.on(method, path, () => undefined);
  }
  let taken = 0;
  const property = fc.property(
    paths,
    spelling,
    fc.constantFrom('GET', 'PUT', 'DELETE', 'POST'),
    (path, how, method) => {
      const target = `${spell(path, how)}?${version}`;
      if (targetFault(target) !== undefined) return;
      const routed = router.find(method, target);
      if (routed === null) return;
      const segments = targetSegments(target) ?? [];
      const route = find(method, segments);
      assert.ok(route !== undefined, target);
      taken += 1;
      for (const [name, value] of Object.entries(routed.params)) assert.equal(route.params[name], value, target);
      const { operation, params } = route;
      const filled = operation.path.replaceAll(/:(\w+)/g, (_, name: string) => params[name] ?? '');
      assert.equal(filled.toLowerCase(), idOf(segments).toLowerCase(), target);
    },
  );
  fc.assert(property, { numRuns: 4_000 });
  assert.ok(taken > 400, `${taken} were taken`);
});

test('both parsers read a target of a vault alike', () => {
  const router = findMyWay(routing);
  for (const { method, path } of vaultOperations) router.on(method, path, () => undefined, path);
  let taken = 0;
  const property = fc.property(paths, spelling, (path, how) => {
    const target = `${spell(path, how)}?api-version=7.4`;
    if (targetFault(target) !== undefined) return;
    const routed = router.find('GET', target);
    if (routed === null) return;
    taken += 1;
    const pattern = String(routed.store);
    const filled = pattern.replaceAll(/\/:(\w+)\??/g, (_, name: string) =>
      routed.params[name] === undefined ? '' : `/${routed.params[name]}`,
    );
    assert.equal(filled.toLowerCase(), `/${(targetSegments(target) ?? []).join('/')}`.toLowerCase());
  });
  fc.assert(property, { numRuns: 4_000 });
  assert.ok(taken > 100, `${taken} were taken`);
});

test('however a target is written, the authorized, the changed and the recorded resource are the same', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  for (const name of ['kv-one', 'kv-two']) expectStatus(await putVault(client, name), 200);
  const caller = await register(world);
  await assign(client, { role: 'Key Vault Contributor', principalId: caller.objectId, at: `${vaults}/kv-one` });
  const token = await client.token('arm', caller);
  const subscription = `/subscriptions/${client.identity.subscriptionId}`;
  let taken = 0;
  const property = fc.asyncProperty(fc.constantFrom('kv-one', 'kv-two'), spelling, async (name, how) => {
    const nonce = randomUUID();
    const target = `${spell(`${subscription}${vaults}/${name}`, how)}?${version}`;
    const answered = await sendRaw(client, { method: 'PATCH', target, token, body: { tags: { nonce } } });
    const other = await client.arm('GET', `${vaults}/kv-two`);
    assert.equal(at(other.body, 'tags')?.['nonce'], undefined, target);
    const own = await client.arm('GET', `${vaults}/kv-one`);
    const changed = at(own.body, 'tags')?.['nonce'] === nonce;
    assert.equal(changed, answered.status === 200, `${target} ${answered.status}`);
    if (changed) taken += 1;
  });
  await fc.assert(property, { numRuns: 80 });
  assert.ok(taken > 5, `${taken} were taken`);
  const updates = () =>
    auditLog(world).filter((record) => record['operationName'] === 'VaultPatch' && record['resultSignature'] === 'OK');
  for (let waitedMs = 0; updates().length < taken && waitedMs < 20_000; waitedMs += 20) await sleep(20);
  const recorded = updates().map((record) => record['resourceId']);
  const [expected] = new Set(recorded);
  assert.equal(expected, `${subscription}${vaults}/kv-one`.toUpperCase());
  assert.deepEqual(
    recorded,
    Array.from({ length: taken }, () => expected),
  );
});
