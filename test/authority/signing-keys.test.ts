import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownIssuers } from '../../src/authority/issuer.ts';
import { SigningKeys } from '../../src/authority/signing-keys.ts';
import { createIssuers } from '../../src/caller/issuers.ts';
import { createVerifier } from '../../src/caller/verify.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { groupsOf } from '../caller/tokens.ts';
import { goodForm, postToken, startAuthority, tenant } from './world.ts';

const keepMs = 4_200_000;

test('the first start makes a key, and the next finds it', async () => {
  const store = memoryStore();
  const options = { store, now: () => 0, keepMs };
  const first = await SigningKeys.open(options);
  const second = await SigningKeys.open(options);
  assert.equal(second.current.kid, first.current.kid);
  assert.deepEqual(second.jwks(), first.jwks());
});

test('the key set shows public parts only', async () => {
  const keys = await SigningKeys.open({ store: memoryStore(), now: () => 0, keepMs });
  const [jwk] = keys.jwks().keys;
  assert.deepEqual(Object.keys(jwk ?? {}).toSorted(), ['alg', 'e', 'kid', 'kty', 'n', 'use']);
  assert.equal(jwk?.kid, keys.current.kid);
  assert.equal(keys.find(keys.current.kid)?.type, 'public');
  assert.equal(keys.find('another'), undefined);
});

test('a rotation signs with the new key and keeps the old one verifying until its tokens have expired', async () => {
  const store = memoryStore();
  let ms = 1_000_000;
  let changes = 0;
  const options = { store, now: () => ms, keepMs, changed: () => void (changes += 1) };
  const keys = await SigningKeys.open(options);
  const old = keys.current.kid;
  ms += 1000;
  const added = await keys.rotate();
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

test('a clock that was set back does not bring the old key into use again', async () => {
  const store = memoryStore();
  let ms = 1_000_000;
  const options = { store, now: () => ms, keepMs };
  const keys = await SigningKeys.open(options);
  ms = 500_000;
  const added = await keys.rotate();
  assert.equal((await SigningKeys.open(options)).current.kid, added);
});

test('another node finds a new key when it reloads', async () => {
  const store = memoryStore();
  let changes = 0;
  const here = await SigningKeys.open({ store, now: () => 0, keepMs });
  const there = await SigningKeys.open({ store, now: () => 0, keepMs, changed: () => void (changes += 1) });
  const added = await here.rotate();
  assert.equal(there.find(added), undefined);
  await there.reload();
  assert.equal(there.current.kid, added);
  assert.equal(changes, 1);
});

test('a token in flight outlives a rotation, and its successor is signed with the new key', async (t) => {
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
