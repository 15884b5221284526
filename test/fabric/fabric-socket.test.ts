import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFabricRequest } from '../../src/fabric/socket.ts';

test('each request of the socket is read', () => {
  assert.deepEqual(readFabricRequest('{"status":true}'), { kind: 'status' });
  assert.deepEqual(readFabricRequest('{"stop":true}'), { kind: 'stop' });
  assert.deepEqual(readFabricRequest('{"join":"subnet","subnet":"prod/web","pid":7}'), {
    kind: 'joinSubnet',
    subnet: 'prod/web',
    address: undefined,
    identityHeader: undefined,
    pid: 7,
  });
  assert.deepEqual(readFabricRequest('{"join":"internet","address":"203.0.113.7","pid":7}'), {
    kind: 'joinInternet',
    address: '203.0.113.7',
    pid: 7,
  });
});

test('a request that is not one is refused with what is wrong', () => {
  const refusals: readonly (readonly [string, RegExp])[] = [
    ['', /a request is/],
    ['null', /a request is/],
    ['{"join":"moon","pid":7}', /a request is/],
    ['{"join":"subnet","subnet":"prod/web"}', /pid must be/],
    ['{"join":"subnet","subnet":"prod/web","pid":1}', /pid must be/],
    ['{"join":"subnet","subnet":"prod/web","pid":1.5}', /pid must be/],
    ['{"join":"subnet","subnet":"","pid":7}', /subnet must be/],
    ['{"join":"subnet","subnet":"prod/web","address":4,"pid":7}', /address must be/],
    ['{"join":"subnet","subnet":"prod/web","identityHeader":4,"pid":7}', /identityHeader must be/],
    ['{"join":"internet","pid":7}', /address is missing/],
  ];
  for (const [line, message] of refusals) {
    const read = readFabricRequest(line);
    assert.ok(typeof read === 'string', line);
    assert.match(read, message);
  }
});
