import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Router } from '../../src/edge/router.ts';

const router = new Router([
  { method: 'GET', path: '/secrets', to: 'list' },
  { method: 'GET', path: '/secrets/:name/:version?', to: 'get' },
  { method: 'PUT', path: '/secrets/:name', to: 'set' },
  { method: 'POST', path: '/secrets/restore', to: 'restore' },
  { method: 'OPTIONS', path: '*', to: 'preflight' },
]);
const longest = 2048;

suite('the router', () => {
  const found: readonly [method: string, url: string, to: string, params: Readonly<Record<string, string>>][] = [
    ['GET', '/secrets', 'list', {}],
    ['GET', '/secrets/', 'list', {}],
    ['GET', '//secrets', 'list', {}],
    ['GET', '/SECRETS', 'list', {}],
    ['GET', '/secrets?a=1', 'list', {}],
    ['GET', '/secrets/a', 'get', { name: 'a' }],
    ['GET', '/secrets/a/', 'get', { name: 'a' }],
    ['GET', '/secrets//a//1', 'get', { name: 'a', version: '1' }],
    ['GET', '/Secrets/MixedCase', 'get', { name: 'MixedCase' }],
    ['GET', '/secrets/a%20b/%31', 'get', { name: 'a b', version: '1' }],
    ['GET', `/secrets/${'n'.repeat(longest)}`, 'get', { name: 'n'.repeat(longest) }],
    // Only a POST restores. For other methods it is a name.
    ['GET', '/secrets/restore', 'get', { name: 'restore' }],
    ['POST', '/secrets/restore', 'restore', {}],
    ['OPTIONS', '/anywhere/at/all', 'preflight', { '*': '/anywhere/at/all' }],
  ];
  for (const [method, url, to, params] of found) {
    test(`finds ${to} at ${method} ${url.slice(0, 40)}`, () => {
      const route = router.find(method, url);
      assert.equal(route?.to, to);
      assert.deepEqual({ ...route.params }, params);
    });
  }

  const notFound: readonly [method: string, url: string][] = [
    ['GET', '/'],
    ['GET', '/secret'],
    ['GET', '/secretss'],
    ['GET', '/secrets/a/1/2'],
    ['PUT', '/secrets'],
    ['PUT', '/secrets/a/1'],
    ['POST', '/secrets/a'],
    ['get', '/secrets'],
    ['HEAD', '/secrets'],
    ['PROPFIND', '/secrets'],
    ['', '/secrets'],
    ['GET', '/secrets/%'],
    ['GET', '/secrets/%ff'],
    ['GET', `/secrets/${'n'.repeat(longest + 1)}`],
  ];
  for (const [method, url] of notFound) {
    test(`finds nothing at ${method} ${url.slice(0, 40)}`, () => assert.equal(router.find(method, url), undefined));
  }

  test('decodes the query; a parameter that is given twice is a list', () => {
    const query = router.find('GET', '/secrets/a?b=%31&c=2&c=3&d')?.query;
    assert.deepEqual({ ...(query as object) }, { b: '1', c: ['2', '3'], d: '' });
  });

  test('names the methods of a path, except that of a preflight', () => {
    assert.deepEqual(router.methodsAt('/secrets'), ['GET']);
    assert.deepEqual(router.methodsAt('/secrets/a'), ['GET', 'PUT']);
    assert.deepEqual(router.methodsAt('/secrets/restore'), ['GET', 'PUT', 'POST']);
    assert.deepEqual(router.methodsAt('/anywhere'), []);
  });
});
