import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redirectUriRule, registeredAs } from '../../src/directory/redirect-uris.ts';

const home = 'https://localhost:8443';
const registered = {
  publicClient: ['http://localhost', 'http://127.0.0.1/cb', 'msal-app://auth'],
  web: ['https://app.example/cb', 'http://localhost:3000/web?x=1'],
  spa: ['/portal/'],
};

test('redirect URIs are compared byte by byte, except for the port of a loopback address', () => {
  const cases = [
    ['http://localhost', 'publicClient'],
    ['http://localhost/', 'publicClient'],
    ['http://localhost:53682', 'publicClient'],
    ['http://localhost:53682/', 'publicClient'],
    ['http://127.0.0.1:1/cb', 'publicClient'],
    ['msal-app://auth', 'publicClient'],
    ['https://app.example/cb', 'web'],
    ['http://localhost:9/web?x=1', 'web'],
    ['https://localhost:8443/portal/', 'spa'],
    ['http://localhost:53682/elsewhere', undefined],
    ['http://127.0.0.1:1/', undefined],
    ['http://localhost:9/web', undefined],
    ['http://localhost.evil.example', undefined],
    ['http://user@localhost:1', undefined],
    ['http://:password@localhost:1', undefined],
    // `URL` reads all of these as http://localhost.
    ['http://ｌocalhost:1', undefined],
    ['http://localhost:1/\0', undefined],
    ['http://localhost:1\t', undefined],
    [' http://localhost:1', undefined],
    ['http://localhost:1#fragment', undefined],
    ['https://localhost:1', undefined],
    ['https://app.example:444/cb', undefined],
    ['https://app.example/cb/', undefined],
    ['https://app.example/cb?x=1', undefined],
    ['https://APP.example/cb', undefined],
    ['https://evil.example/portal/', undefined],
    ['/portal/', undefined],
    ['', undefined],
  ] as const;
  for (const [uri, type] of cases) assert.equal(registeredAs(registered, uri, home), type, uri);
});

test('of two platforms with the same redirect URI, an exact match wins, and then the confidential one', () => {
  const both = {
    publicClient: ['http://localhost/cb', 'https://app.example/cb', 'http://localhost/both'],
    web: ['http://localhost:3000/cb', 'https://app.example/cb', 'http://localhost/both'],
    spa: [],
  };
  const cases = [
    ['http://localhost/cb', 'publicClient'],
    ['http://localhost:3000/cb', 'web'],
    ['http://localhost:3001/cb', 'web'],
    ['https://app.example/cb', 'web'],
    ['http://localhost/both', 'web'],
    ['http://localhost:1/both', 'web'],
  ] as const;
  for (const [uri, type] of cases) assert.equal(registeredAs(both, uri, home), type, uri);
});

test('a redirect URI that anyone could receive cannot be registered', () => {
  const refused = [
    ['x', /not an absolute URI/],
    ['https://a.example/#b', /has a fragment/],
    ['https://*.example/', /has a wildcard/],
    ['http://a.example/', /not encrypted: use https/],
    ['http://127.0.0.2/', /not encrypted/],
    ['javascript:alert(1)', /does not name a server/],
    ['https://a.example/中', /has a character that a URI cannot have: percent-encode it/],
    ['https://a.example/b c', /has a character that a URI cannot have/],
  ] as const;
  for (const [uri, rule] of refused) assert.match(redirectUriRule(uri) ?? '', rule, uri);
  for (const uri of [
    'https://a.example/b?c',
    'http://localhost:1/x',
    'http://[::1]/',
    'app://x',
    'https://a.example/%E4',
  ]) {
    assert.equal(redirectUriRule(uri), undefined, uri);
  }
});

test('a redirect URI with an impossible host is refused, and matches no platform', () => {
  // `URL.canParse` accepts it, and the constructor does not.
  const uri = `http://a.${'Cp.example.'.repeat(1_800)}com/cb`;
  assert.ok(redirectUriRule(uri)?.endsWith('is not an absolute URI'));
  assert.equal(registeredAs(registered, uri, home), undefined);
});
