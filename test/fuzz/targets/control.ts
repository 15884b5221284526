import assert from 'node:assert/strict';
import { isIPv4 } from 'node:net';
import { readRequest } from '../../../src/supervisor/control-request.ts';
import { bytesOf, jsonOf, textOf } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

const incarnation = '11111111-2222-4333-8444-555555555555';
const subnet = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/one';
const identityHeader = 's3cret-of-an-identity';

/**
 * A line of the control socket becomes a request whose values can be neither an option nor a path of the commands that use
 * them, or it is refused with a message that does not repeat a secret.
 */
export const controlLine: FuzzTarget = {
  form: 'json',
  words: ['listeners', 'listener', 'identity', 'metadata', 'subnet', '--all', '../x', '0.0.0.0', 'ids', 'pid', 'name'],
  samples: () => ({
    inputs: [
      { open: 'listener', namespace: 'vnet-a', port: 9001, subnet },
      {
        open: 'listeners',
        namespace: { pid: 7, name: 'vnet-a' },
        listeners: [
          { kind: 'subnet', port: 10_001, subnet },
          { kind: 'metadata', port: 20_001, subnet, incarnation },
          { kind: 'public', address: '192.0.2.10', port: 443, serves: 'vaults' },
        ],
      },
      { close: 'listener', id: incarnation },
      { close: 'listeners', ids: [incarnation] },
      { bind: 'identity', incarnation, address: '10.0.0.4', identityHeader },
      { bind: 'declared', subnet, incarnation, address: '10.0.0.4' },
      { unbind: 'identity', id: incarnation },
      { list: 'listeners' },
    ].map(bytesOf),
    read(input) {
      const read = readRequest(textOf(input));
      if (!read.ok) {
        assert.doesNotMatch(read.message, /s3cret-of-an-identity/);
        return;
      }
      const { request } = read;
      assert.notEqual(jsonOf(input), undefined);
      if ('namespace' in request) {
        const { namespace } = request;
        const name = typeof namespace === 'string' ? namespace : (namespace.name ?? 'x');
        assert.match(name, /^\w[\w.-]{0,63}$/);
        assert.ok(typeof namespace === 'string' || (Number.isInteger(namespace.pid) && namespace.pid > 0));
      }
      const listeners = request.kind === 'openAll' ? request.listeners : request.kind === 'open' ? [request] : [];
      for (const listener of listeners) {
        assert.ok(Number.isInteger(listener.port) && listener.port >= 1 && listener.port <= 65_535);
        if ('subnet' in listener) assert.ok(listener.subnet.startsWith('/'), listener.subnet);
        else assert.ok(isIPv4(listener.address), listener.address);
      }
      if (request.kind === 'bind' || request.kind === 'declare') assert.ok(isIPv4(request.address), request.address);
    },
  }),
};
