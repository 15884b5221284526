import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownIssuers } from '../../src/authority/issuer.ts';
import { SigningKeys } from '../../src/authority/signing-keys.ts';
import { createIssuers } from '../../src/caller/issuers.ts';
import { createVerifier } from '../../src/caller/verify.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { notifyingStore } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';
import { groupsOf } from '../caller/tokens.ts';
import { goodForm, postToken, startAuthority, tenant } from './world.ts';

const keepMs = 4_200_000;
const day = 86_400_000;
const times = { every: 90 * day, announce: day };

test('the first start creates a key, and the next start finds it', async () => {
  const store = memoryStore();
  const options = { store, now: () => 0, keepMs };
  const first = await SigningKeys.open(options);
  const second = await SigningKeys.open(options);
  assert.equal(second.current.kid, first.current.kid);
  assert.deepEqual(second.jwks(), first.jwks());
});

test('the key set has public parts only', async () => {
  const keys = await SigningKeys.open({ store: memoryStore(), now: () => 0, keepMs });
  const [jwk] = keys.jwks().keys;
  assert.deepEqual(Object.keys(jwk ?? {}).toSorted(), ['alg', 'e', 'kid', 'kty', 'n', 'use']);
  assert.equal(jwk?.kid, keys.current.kid);
  assert.equal(keys.find(keys.current.kid)?.type, 'public');
  assert.equal(keys.find('another'), undefined);
});

test('after a rotation the new key signs, and the old one verifies until its tokens have expired', async () => {
  const store = memoryStore();
  let ms = 1_000_000;
  let changes = 0;
  const options = { store, now: () => ms, keepMs, changed: () => void (changes += 1) };
  const keys = await SigningKeys.open(options);
  const old = keys.current.kid;
  ms += 1000;
  const { to: added } = await keys.rotate();
  assert.equal(keys.current.kid, added);
  assert.notEqual(added, old);
  assert.equal(changes, 1);
  ms += keepMs - 1;
  assert.ok(keys.find(old));
  assert.deepEqual(
    keys.jwks().keys.map(({ kid }) => kid),
    [added, old],
  );
  assert.equal((await SigningKeys.open(options)).current.kid, added, 'a restart signs with the newest');
  ms += 1;
  assert.equal(keys.find(old), undefined);
  await keys.rotate();
  const stored = (await store.list({ prefix: 'authority/signing-key/', limit: 10 })).map(({ key }) => key);
  assert.deepEqual(
    stored.toSorted(),
    [added, keys.current.kid].map((kid) => `authority/signing-key/${kid}`).toSorted(),
  );
});

test('a rotation that revokes leaves the new key alone, and commits with it what belongs to it', async () => {
  const store = memoryStore();
  let ms = 1_000_000_000_000;
  let changes = 0;
  const options = { store, now: () => ms, keepMs, changed: () => void (changes += 1) };
  const keys = await SigningKeys.open(options);
  const first = keys.current.kid;
  const { to: second } = await keys.rotate();
  ms += 89 * day;
  await keys.renew(times);
  const [announced] = keys.jwks().keys.map(({ kid }) => kid);
  assert.notEqual(announced, second);
  changes = 0;
  const also = (rotated: object) => [{ key: 'records/1', value: Buffer.from(JSON.stringify(rotated)) }];
  const { from, to } = await keys.rotate({ revoke: true, also });
  assert.deepEqual([from, changes], [[announced, second], 1]);
  for (const kid of [first, second, announced]) assert.equal(keys.find(kid ?? ''), undefined);
  assert.deepEqual(
    keys.jwks().keys.map(({ kid }) => kid),
    [to],
  );
  const again = await SigningKeys.open(options);
  assert.deepEqual(again.jwks(), keys.jwks(), 'also after a restart');
  const [record] = await store.read({ get: ['records/1'] });
  assert.deepEqual(JSON.parse(String(record && Buffer.from(record.value))), { from, to });
});

test('a rotation that cannot be committed leaves the keys as they were', async () => {
  const inner = memoryStore();
  let isFull = false;
  const store: Store = {
    read: (request) => inner.read(request),
    list: (request) => inner.list(request),
    readMany: (requests) => inner.readMany(requests),
    transact: (change) => (isFull ? Promise.reject(new Error('the disk is full')) : inner.transact(change)),
    changes: (since, limit) => inner.changes(since, limit),
    close: () => inner.close(),
  };
  const keys = await SigningKeys.open({ store, now: () => 0, keepMs });
  const before = keys.jwks();
  isFull = true;
  await assert.rejects(keys.rotate({ revoke: true }), /the disk is full/);
  assert.deepEqual(keys.jwks(), before);
  isFull = false;
  assert.deepEqual((await keys.rotate()).from, [before.keys[0]?.kid]);
});

test('rotations and renewals that meet lose no key', async () => {
  let ms = 1_000_000_000_000;
  const options = { store: memoryStore(), now: () => ms, keepMs };
  const keys = await SigningKeys.open(options);
  ms += 89 * day;
  const [first, , second] = await Promise.all([keys.rotate(), keys.renew(times), keys.rotate()]);
  const kids = new Set(keys.jwks().keys.map(({ kid }) => kid));
  for (const kid of [first.to, second.to]) assert.ok(kids.has(kid));
  assert.deepEqual((await SigningKeys.open(options)).jwks(), keys.jwks());
});

test('a clock that was set back does not bring the old key into use again', async () => {
  const store = memoryStore();
  let ms = 1_000_000;
  const options = { store, now: () => ms, keepMs };
  const keys = await SigningKeys.open(options);
  ms = 500_000;
  const { to: added } = await keys.rotate();
  assert.equal((await SigningKeys.open(options)).current.kid, added);
});

test('the next key is announced for a day before it signs, and the old one stays until its tokens have expired', async () => {
  let ms = 1_000_000;
  const options = { store: memoryStore(), now: () => ms, keepMs };
  const keys = await SigningKeys.open(options);
  const old = keys.current.kid;
  ms += 89 * day - 1;
  assert.equal(await keys.renew(times), undefined);
  ms += 1;
  assert.equal(await keys.renew(times), ms + day);
  assert.equal(await keys.renew(times), undefined, 'one is enough');
  const [next] = keys.jwks().keys.map(({ kid }) => kid);
  assert.notEqual(next, old);
  assert.equal(keys.jwks().keys.length, 2);
  assert.equal(keys.current.kid, old);
  assert.equal((await SigningKeys.open(options)).current.kid, old, 'also after a restart');
  ms += day;
  assert.equal(keys.current.kid, next);
  ms += keepMs - 1;
  assert.ok(keys.find(old));
  ms += 1;
  assert.equal(keys.find(old), undefined);
});

for (const [clock, wrong] of [
  ['ahead', 20 * 365 * day],
  ['behind', -20 * 365 * day],
] as const) {
  test(`a clock years ${clock}, then right again: tokens verify all the time, and keys are still renewed`, async () => {
    const right = 1_790_000_000_000;
    let ms = right;
    const options = { store: memoryStore(), now: () => ms, keepMs };
    const original = (await SigningKeys.open(options)).current.kid;
    ms = right + wrong;
    const meanwhile = await SigningKeys.open(options);
    await meanwhile.renew(times);
    ms += 2 * day;
    await meanwhile.renew(times);
    assert.ok(meanwhile.find(meanwhile.current.kid));
    ms = right + day;
    const after = await SigningKeys.open(options);
    await after.renew(times);
    assert.equal(after.current.kid, original);
    assert.ok(after.find(original));
    const signers = new Set<string>();
    for (let elapsed = 0; elapsed < 400; elapsed += 1) {
      ms += day;
      await after.renew(times);
      signers.add(after.current.kid);
      assert.ok(after.find(after.current.kid));
    }
    assert.equal(signers.size, 5, 'one key in 90 days');
  });
}

test('if every key is from the future, a new one signs at once', async () => {
  let ms = 1_000_000_000_000;
  const options = { store: memoryStore(), now: () => ms, keepMs };
  const future = (await SigningKeys.open(options)).current.kid;
  ms = 1_000_000;
  const keys = await SigningKeys.open(options);
  assert.equal(await keys.renew(times), ms);
  assert.notEqual(keys.current.kid, future);
  assert.equal(await keys.renew(times), undefined);
});

test('another node finds a new key when it reloads', async () => {
  const store = memoryStore();
  let changes = 0;
  const here = await SigningKeys.open({ store, now: () => 0, keepMs });
  const there = await SigningKeys.open({ store, now: () => 0, keepMs, changed: () => void (changes += 1) });
  const { to: added } = await here.rotate();
  assert.equal(there.find(added), undefined);
  await there.reload();
  assert.equal(there.current.kid, added);
  assert.equal(changes, 1);
});

/** A store in which something happens before each of the first transactions is committed. */
function whereFirst(inner: Store, ...works: readonly (() => Promise<unknown>)[]): Store {
  const left = [...works];
  return {
    ...notifyingStore(inner, () => undefined),
    async transact(change) {
      await left.shift()?.();
      return inner.transact(change);
    },
  };
}

/** Two nodes that have the same two keys; what the second does comes between the first one's read and its commit. */
async function meeting(...works: readonly ((other: SigningKeys) => Promise<unknown>)[]) {
  const store = memoryStore();
  let ms = 1_000_000_000_000;
  const options = { now: () => ms, keepMs, shared: true };
  const other = await SigningKeys.open({ ...options, store });
  const first = other.current.kid;
  await other.rotate();
  // A second after the keys before, and in one millisecond with each other.
  ms += 1_000;
  const between = works.map((work) => () => work(other));
  const one = await SigningKeys.open({ ...options, store: whereFirst(store, ...between) });
  const kidsNow = async () => (await SigningKeys.open({ ...options, store })).jwks().keys.map(({ kid }) => kid);
  return { one, other, before: [first, other.current.kid], kidsNow };
}

test('a revocation leaves no key that another node has made in the same millisecond', async () => {
  const added: string[] = [];
  const rotates = async (other: SigningKeys) => added.push((await other.rotate()).to);
  const { one, other, before, kidsNow } = await meeting(rotates, rotates);
  const froms: (readonly string[])[] = [];
  const also = (rotated: { readonly from: readonly string[] }) => {
    froms.push(rotated.from);
    return [];
  };
  const { from, to } = await one.rotate({ revoke: true, also });
  assert.equal(added.length, 2);
  assert.deepEqual(new Set(from), new Set([...before, ...added]));
  assert.deepEqual(
    froms.map(({ length }) => length),
    [2, 3, 4],
  );
  assert.deepEqual(await kidsNow(), [to]);
  await other.reload();
  for (const kid of [...before, ...added]) assert.equal(other.find(kid), undefined);
});

test('a rotation brings back no key that another node has revoked in the same millisecond', async () => {
  const revoked: string[] = [];
  const { one, before, kidsNow } = await meeting(async (other) => {
    revoked.push((await other.rotate({ revoke: true })).to);
  });
  const { from, to } = await one.rotate();
  assert.deepEqual(from, revoked);
  assert.deepEqual(new Set(await kidsNow()), new Set([to, ...revoked]));
  for (const kid of before) assert.equal(one.find(kid), undefined);
});

test('near miss: a rotation beside a change of another record is not begun again', async () => {
  const { one, before, kidsNow } = await meeting(() => Promise.resolve());
  let begun = 0;
  const also = () => {
    begun += 1;
    return [{ key: 'records/1', value: Buffer.from('{}') }];
  };
  const { to } = await one.rotate({ also });
  assert.equal(begun, 1);
  assert.deepEqual(new Set(await kidsNow()), new Set([to, ...before]));
});

test('a change of the keys gives up when others come first each time', async () => {
  const rotates = (other: SigningKeys) => other.rotate({ revoke: true });
  const { one, other } = await meeting(...Array.from({ length: 8 }, () => rotates));
  await assert.rejects(one.rotate(), { name: 'Conflict', message: /authority\/signing-keys/ });
  await one.reload();
  assert.equal(one.current.kid, other.current.kid);
});

test('two first starts make one key', async () => {
  const store = memoryStore();
  const options = { now: () => 0, keepMs, shared: true };
  const made: SigningKeys[] = [];
  const inBetween = whereFirst(store, async () => made.push(await SigningKeys.open({ ...options, store })));
  const one = await SigningKeys.open({ ...options, store: inBetween });
  assert.equal(made.length, 1);
  assert.deepEqual(one.jwks(), made[0]?.jwks());
});

test('what keys verify requires the state that they are of, where other nodes change them', async () => {
  const store = memoryStore();
  const here = await SigningKeys.open({ store, now: () => 0, keepMs, shared: true });
  const there = await SigningKeys.open({ store, now: () => 0, keepMs, shared: true });
  const holds = async ({ requirements: require }: SigningKeys) =>
    store.read({ require, get: [] }).then(
      () => true,
      () => false,
    );
  assert.deepEqual([await holds(here), await holds(there)], [true, true]);
  await here.rotate();
  assert.deepEqual([await holds(here), await holds(there)], [true, false]);
  await Promise.all([there.reload(), there.reload()]);
  assert.equal(await holds(there), true);
  assert.equal(there.current.kid, here.current.kid);
  const alone = await SigningKeys.open({ store, now: () => 0, keepMs });
  assert.deepEqual(alone.requirements, []);
});

test('a token stays valid after a rotation, and the next token is signed with the new key', async (t) => {
  const authority = await startAuthority(t);
  const { signingKeys, now } = authority.world;
  const verifier = createVerifier({
    issuers: createIssuers(ownIssuers(tenant, signingKeys)),
    now,
    cacheSize: 10,
    groupsOf,
  });
  const before = String((await postToken(authority, goodForm)).body['access_token']);
  await signingKeys.rotate();
  verifier.drop();
  assert.ok((await verifier.verify(before)).ok);
  const after = String((await postToken(authority, goodForm)).body['access_token']);
  assert.ok((await verifier.verify(after)).ok);
  assert.notEqual(after.split('.')[0], before.split('.')[0]);
});
