import assert from 'node:assert/strict';
import { test } from 'node:test';
import { corsHeaders, preflightHeaders } from '../../src/data-plane/data-plane.ts';

const allowed = ['https://localhost:8443', 'https://portal.example'];
const headers = {
  'access-control-allow-origin': 'https://portal.example',
  'access-control-expose-headers':
    'Allow, Retry-After, WWW-Authenticate, x-ms-client-request-id, x-ms-keyvault-network-info, ' +
    'x-ms-keyvault-rbac-assignment-id, x-ms-keyvault-rbac-cache, x-ms-keyvault-region, x-ms-keyvault-service-version, ' +
    'x-ms-request-id',
  vary: 'Origin',
};

test('an allowed origin is named, never a star, and Vary is set', () => {
  assert.deepEqual(corsHeaders('https://portal.example', allowed), headers);
  assert.deepEqual(preflightHeaders('https://portal.example', allowed), {
    'access-control-allow-methods': 'GET, PUT, POST, PATCH, DELETE',
    'access-control-allow-headers':
      'authorization, content-type, if-match, if-none-match, x-ms-client-request-id, x-ms-useragent',
    'access-control-max-age': '600',
  });
});

test('every other origin, and a request without one, gets no header', () => {
  const others = [
    undefined,
    '',
    'null',
    '*',
    'http://portal.example',
    'https://portal.example:443',
    'https://portal.example/',
    'https://PORTAL.example',
    'https://portal.example.evil.example',
    'https://localhost',
  ];
  for (const origin of others) {
    assert.deepEqual(corsHeaders(origin, allowed), {}, String(origin));
    assert.deepEqual(preflightHeaders(origin, allowed), {}, String(origin));
  }
  assert.deepEqual(corsHeaders('https://portal.example', []), {});
});
