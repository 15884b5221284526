import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpv4 } from '../../src/address/address.ts';
import { FabricFailed } from '../../src/fabric/failed.ts';
import { addressIn, addressOfHost, findSubnet } from '../../src/fabric/places.ts';
import { stateOf } from './states.ts';

const state = stateOf({
  networks: {
    prod: { subnets: { web: {}, db: { addressPrefix: '10.0.1.0/29' } } },
    dev: { subnets: { web: {} } },
  },
});
const web = findSubnet(state, 'prod/web');
const none: ReadonlySet<number> = new Set();

function refused(message: RegExp, hint: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof FabricFailed);
    assert.match(error.message, message);
    assert.match(error.hint ?? '', hint);
    return true;
  };
}

function number(text: string): number {
  const value = parseIpv4(text);
  assert.ok(value !== undefined);
  return value;
}

test('a subnet is found by its name with that of its network, or by its id, in any case', () => {
  assert.equal(findSubnet(state, 'PROD/Web').subnet.incarnation, web.subnet.incarnation);
  assert.equal(findSubnet(state, web.subnet.id.toUpperCase()).subnet.incarnation, web.subnet.incarnation);
  assert.notEqual(findSubnet(state, 'dev/web').subnet.incarnation, web.subnet.incarnation);
});

test('a subnet that does not exist is refused with the names of those that do', () => {
  assert.throws(() => findSubnet(state, 'prod/app'), refused(/no subnet 'prod\/app'/, /prod\/web, prod\/db, dev\/web/));
});

test('a name that two networks have is refused with their ids', () => {
  const [network] = state.virtualNetworks;
  assert.ok(network);
  const twice = { ...state, virtualNetworks: [network, { ...network, id: '/other' }] };
  assert.throws(() => findSubnet(twice, 'prod/web'), refused(/2 virtual networks have a subnet/, /\/vnets\/prod/));
});

test('the first address that Azure does not keep and that is free is chosen', () => {
  assert.equal(addressIn(web, undefined, none), number('10.0.0.4'));
  assert.equal(addressIn(web, undefined, new Set([number('10.0.0.4')])), number('10.0.0.5'));
  assert.equal(addressIn(web, '10.0.0.254', none), number('10.0.0.254'));
});

test('an address is refused where it cannot be had, with those that can', () => {
  const range = /10\.0\.0\.4 to 10\.0\.0\.254/;
  assert.throws(() => addressIn(web, '10.0.0.3', none), refused(/reserved/, range));
  assert.throws(() => addressIn(web, '10.0.0.255', none), refused(/reserved/, range));
  assert.throws(() => addressIn(web, '10.0.1.4', none), refused(/outside of the subnet prod\/web/, range));
  assert.throws(() => addressIn(web, '10.0.0.4', new Set([number('10.0.0.4')])), refused(/Another workload/, range));
  assert.throws(() => addressIn(web, '10.0.0.x', none), refused(/not an IPv4 address/, /such as/));
});

test('a subnet of 8 addresses has three places', () => {
  const small = findSubnet(state, 'prod/db');
  const taken = new Set<number>();
  for (let places = 0; places < 3; places += 1) taken.add(addressIn(small, undefined, taken));
  assert.throws(() => addressIn(small, undefined, taken), refused(/All addresses of prod\/db are taken/, /larger/));
});

test('a host on the internet has an address that nothing else of the fabric has', () => {
  const pool = state.publicAddressPool;
  assert.equal(addressOfHost('203.0.113.7', pool, none), number('203.0.113.7'));
  assert.equal(addressOfHost('8.8.8.8', pool, none), number('8.8.8.8'));
  const hint = /203\.0\.113\.0\/25/;
  const refusals: readonly (readonly [string, RegExp])[] = [
    ['203.0.113.128', /default outbound access/],
    ['198.51.100.7', /publicAddressPool/],
    ['192.0.2.10', /services/],
    ['168.63.129.16', /platform's DNS/],
    ['10.0.0.4', /private address/],
    ['127.0.0.1', /loopback/],
    ['0.0.0.0', /"this network"/],
  ];
  for (const [address, message] of refusals) {
    assert.throws(() => addressOfHost(address, pool, none), refused(message, hint), address);
  }
  assert.throws(() => addressOfHost('8.8.8.8', pool, new Set([number('8.8.8.8')])), refused(/Another host/, hint));
});
