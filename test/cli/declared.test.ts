import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstAddress, subnetNamed } from '../../src/cli/exec/declared.ts';
import type { KnownSubnet } from '../../src/cli/exec/declared.ts';

const known = (subscription: string, place: string): KnownSubnet => ({
  id: `/subscriptions/${subscription}/${place}`,
  place,
  incarnation: subscription,
  addressPrefix: '10.0.0.0/24',
});
const subnets = [known('one', 'prod/web'), known('two', 'prod/web'), known('two', 'prod/db')];

test('a subnet is found by its name or id, and a name of two is refused with their ids', () => {
  assert.equal(subnetNamed(subnets, 'Prod/DB'), subnets[2]);
  assert.equal(subnetNamed(subnets, '/SUBSCRIPTIONS/two/prod/web'), subnets[1]);
  assert.throws(() => subnetNamed(subnets, 'prod/web'), {
    message: "2 virtual networks have a subnet 'prod/web'.",
    hint: 'Give the id of one: /subscriptions/one/prod/web /subscriptions/two/prod/web',
  });
  assert.throws(() => subnetNamed(subnets, 'web'), {
    message: "There is no subnet 'web'.",
    hint: 'Give VNET/SUBNET or an ARM id. There are: prod/web, prod/web, prod/db',
  });
  assert.throws(() => subnetNamed([], 'prod/web'), { hint: 'Create a virtual network with a subnet first.' });
});

test('the first address is the first that Azure gives, where the subnet has one', () => {
  assert.equal(firstAddress('10.0.0.0/24'), '10.0.0.4');
  assert.equal(firstAddress('10.0.0.8/29'), '10.0.0.12');
  assert.throws(() => firstAddress('10.0.0.8/30'), { message: 'The subnet 10.0.0.8/30 has no address for a program.' });
});
