import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { queryOrRefuse } from '../../src/edge/body-and-query.ts';
import { Router } from '../../src/edge/router.ts';

const router = new Router([{ method: 'GET', path: '/', to: 'root' }]);
const read = (query: string) =>
  queryOrRefuse(router.find('GET', `/?${query}`)?.query, (name) => ({ kind: 'givenTwice', name }));

suite('the query', () => {
  const accepted: readonly [string, Readonly<Record<string, string>>][] = [
    ['', {}],
    ['a', { a: '' }],
    ['a=&b=1', { a: '', b: '1' }],
    ['a=1,2', { a: '1,2' }],
    ['a=1%262&b=%61', { a: '1&2', b: 'a' }],
    // The case of a name matters.
    ['a=1&A=2', { a: '1', A: '2' }],
  ];
  for (const [query, values] of accepted) {
    test(`'${query}' is ${JSON.stringify(values)}`, () => assert.deepEqual({ ...read(query) }, values));
  }

  const refused: readonly [string, string][] = [
    ['a=1&a=1', 'a'],
    ['a=1&b=2&%61=3', 'a'],
    ['b&b&a&a', 'b'],
    [`${'n'.repeat(65)}=1&${'n'.repeat(65)}=2`, 'n'.repeat(64)],
  ];
  for (const [query, name] of refused) {
    test(`'${query}' is refused for '${name}'`, () =>
      assert.throws(() => read(query), { name: 'Refused', refusal: { kind: 'givenTwice', name } }));
  }

  test('is empty for a path that is not found', () => {
    assert.deepEqual(
      queryOrRefuse(undefined, () => ({ kind: 'givenTwice' })),
      {},
    );
  });
});
