import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { dataFormat, kindOf, knownKinds, recordKind } from '../../src/store/keys.ts';
import type { Key } from '../../src/store/keys.ts';
import { listRecords, NewerRecord, readRecords, recordPut } from '../../src/store/records.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { Unreadable } from '../../src/store/store.ts';

const facts = { owner: 'test', holds: 'something' };

interface Fruit {
  readonly name: string;
  readonly weightInGrams: number;
}
/** In the forms of three releases: only the name, an object with its weight in kilograms, and the present form. */
const fruits = recordKind<Fruit>({
  ...facts,
  pattern: 'test-fruit/{basket}/',
  upgrades: [
    (name: string) => ({ name, weight: 0.1 }),
    ({ name, weight }: { readonly name: string; readonly weight: number }) => ({ name, weightInGrams: weight * 1000 }),
  ],
});
const anything = recordKind<unknown>({
  ...facts,
  pattern: 'test-anything/',
  upgrades: [() => assert.fail('a record of the present version needs no upgrade')],
});
const plain = recordKind<unknown>({ ...facts, pattern: 'test-plain/' });
const single = recordKind<string>({ ...facts, pattern: 'test-single' });

async function storeOf(records: Readonly<Record<string, string>>) {
  const store = memoryStore();
  const put = Object.entries(records).map(([key, text]) => ({ key, value: Buffer.from(text) }));
  await store.transact({ put });
  return store;
}

async function readOne<T>(key: Key<T>, text: string): Promise<T | undefined> {
  const [record] = await readRecords(await storeOf({ [key]: text }), { get: [key] });
  return record?.value;
}

describe('a kind of records', () => {
  it('makes keys of segments, the rest after the pattern', () => {
    assert.equal(fruits.key('b', 'apple'), 'test-fruit/b/apple');
    assert.equal(fruits.key('b', 'apple', 'red'), 'test-fruit/b/apple/red');
    assert.equal(fruits.key('b'), 'test-fruit/b/');
    assert.equal(plain.key('a'), 'test-plain/a');
    assert.equal(single.key(), 'test-single');
    assert.throws(() => fruits.key(), /^TypeError: a key of test-fruit\/\{basket\}\/ needs 1 names$/);
  });

  it('makes prefixes of as many segments as are given', () => {
    assert.equal(fruits.prefix(), 'test-fruit/');
    assert.equal(fruits.prefix('b'), 'test-fruit/b/');
    assert.equal(fruits.prefix('b', 'apple', ''), 'test-fruit/b/apple/');
  });

  it('has a unique pattern', () => {
    assert.throws(
      () => recordKind({ ...facts, pattern: 'test-plain/' }),
      /^TypeError: two kinds of records have the pattern test-plain\/: give one of them another$/,
    );
  });

  it('knows its keys, and no other ones', () => {
    const patternOf = (key: string) => kindOf(key)?.pattern;
    assert.equal(patternOf('test-fruit/b/apple'), 'test-fruit/{basket}/');
    assert.equal(patternOf('test-fruit/b/apple/red'), 'test-fruit/{basket}/');
    assert.equal(patternOf('test-fruit/b'), undefined);
    assert.equal(patternOf('test-fruit//apple'), undefined);
    assert.equal(patternOf('test-single'), 'test-single');
    assert.equal(patternOf('test-single/more'), undefined);
    assert.equal(patternOf('a/test-plain/b'), undefined);
  });

  it('with the longer pattern before its first name gets keys that match two', () => {
    recordKind({ ...facts, pattern: 'test-two/{one}/b/' });
    recordKind({ ...facts, pattern: 'test-two/x/{other}/' });
    assert.equal(kindOf('test-two/x/b/1')?.pattern, 'test-two/x/{other}/');
    assert.equal(kindOf('test-two/y/b/1')?.pattern, 'test-two/{one}/b/');
  });

  it('has the version of its last upgrade, and the format counts them all', () => {
    const versions = new Map(knownKinds().map(({ pattern, version }) => [pattern, version]));
    assert.equal(versions.get('test-fruit/{basket}/'), 3);
    assert.equal(versions.get('test-plain/'), 1);
    assert.equal(dataFormat(), 4);
  });
});

describe('a record', () => {
  it('of version 1 is written as plain JSON', () => {
    assert.deepEqual(recordPut(plain.key('a'), { b: 1 }), {
      key: 'test-plain/a',
      value: Buffer.from('{"b":1}'),
    });
  });

  it('of a later version has it before its JSON', () => {
    assert.deepEqual(recordPut(fruits.key('b', 'apple'), { name: 'apple', weightInGrams: 5 }, 'state'), {
      key: 'test-fruit/b/apple',
      value: Buffer.from('v3 {"name":"apple","weightInGrams":5}'),
      version: 'state',
    });
  });

  it('of an older version is upgraded to the present one, step by step', async () => {
    const key = fruits.key('b', 'apple');
    assert.deepEqual(await readOne(key, '"apple"'), { name: 'apple', weightInGrams: 100 });
    assert.deepEqual(await readOne(key, 'v1 "apple"'), { name: 'apple', weightInGrams: 100 });
    assert.deepEqual(await readOne(key, 'v2 {"name":"apple","weight":2}'), { name: 'apple', weightInGrams: 2000 });
    assert.deepEqual(await readOne(key, 'v3 {"name":"apple","weightInGrams":7}'), { name: 'apple', weightInGrams: 7 });
    const listed = await listRecords(await storeOf({ [key]: '"apple"' }), { prefix: fruits.prefix('b'), limit: 2 });
    assert.deepEqual(
      listed.map(({ value }) => value),
      [{ name: 'apple', weightInGrams: 100 }],
    );
  });

  it('of a newer version is refused, and not guessed', async () => {
    const rejected = (record: string, version: number, known: number) => (error: unknown) => {
      assert.ok(error instanceof NewerRecord && error instanceof Unreadable);
      const what = `the record ${record} has version ${version}, and this release of Postern reads versions up to ${known}`;
      assert.equal(error.message, `${what}. Start the release that wrote it, or a newer one.`);
      return true;
    };
    await assert.rejects(readOne(fruits.key('b', 'a'), 'v4 {}'), rejected('test-fruit/b/a', 4, 3));
    await assert.rejects(readOne(plain.key('a'), 'v2 {}'), rejected('test-plain/a', 2, 1));
  });

  it('with something else before its JSON is not what was written', async () => {
    for (const text of ['v', 'v {}', 'v0 {}', 'v-1 {}', 'v1.5 {}', 'vx {}', 'v3']) {
      await assert.rejects(readOne(fruits.key('b', 'a'), text), Unreadable, text);
    }
  });

  it('returns any JSON value that was put, whatever versions its kind has had', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.boolean(), async (value, isUpgraded) => {
        const key = (isUpgraded ? anything : plain).key('k');
        const store = memoryStore();
        await store.transact({ put: [recordPut(key, value)] });
        const [record] = await readRecords(store, { get: [key] });
        assert.equal(JSON.stringify(record?.value), JSON.stringify(value));
      }),
    );
  });
});
