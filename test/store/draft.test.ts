import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Draft } from '../../src/store/draft.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { Conflict, encode } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';

const put = (key: string, value: unknown) => ({ key, value: encode(value) });
const keysOf = async (store: Store, after?: string, limit = 10) =>
  (await store.list({ prefix: 'a/', after, limit })).map(({ key }) => key);

test('a draft shows what it holds over the store below, and changes nothing there', async () => {
  const below = memoryStore();
  await below.transact({ put: [put('a/1', 1), put('a/2', 2), put('a/4', 4)] });
  const draft = new Draft(below);
  assert.equal(draft.change(), undefined);
  await draft.transact({ put: [put('a/3', 3), put('a/2', 'two')], delete: ['a/1'] });
  assert.deepEqual(await keysOf(draft), ['a/2', 'a/3', 'a/4']);
  assert.deepEqual(await keysOf(draft, 'a/2', 1), ['a/3']);
  assert.deepEqual(await keysOf(draft, undefined, 1), ['a/2']);
  const read = await draft.read({ get: ['a/1', 'a/2', 'a/4'] });
  assert.deepEqual(
    read.map((record) => record && Buffer.from(record.value).toString()),
    [undefined, '"two"', '4'],
  );
  assert.deepEqual(await keysOf(below), ['a/1', 'a/2', 'a/4']);
  await below.transact(draft.change() ?? {});
  assert.deepEqual(await keysOf(below), ['a/2', 'a/3', 'a/4']);
});

test('a requirement holds in the draft, and then in the store below', async () => {
  const below = memoryStore();
  const [version = ''] = await below.transact({ put: [put('a/1', 1)] });
  const draft = new Draft(below);
  await draft.transact({
    require: [
      { key: 'a/1', version },
      { key: 'a/2', version: null },
    ],
    put: [put('a/1', 'one')],
  });
  const [own] = await draft.read({ get: ['a/1'] });
  assert.notEqual(own?.version, version);
  await draft.transact({ require: [{ key: 'a/1', version: own?.version ?? null }], put: [put('a/3', 3)] });
  await assert.rejects(draft.transact({ require: [{ key: 'a/1', version }] }), Conflict);
  await assert.rejects(draft.read({ require: [{ key: 'a/3', version: null }], get: [] }), Conflict);
  const change = draft.change() ?? {};
  await below.transact({ put: [put('a/2', 'another writer')] });
  await assert.rejects(below.transact(change), (error) => error instanceof Conflict && error.key === 'a/2');
  assert.deepEqual(await keysOf(below), ['a/1', 'a/2']);
});
