import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSubnetId } from '../../src/resources/networks/subnet-id.ts';

const subscriptionId = '11111111-2222-3333-4444-555555555555';
const id = `/subscriptions/${subscriptionId}/resourceGroups/Rg.(1)/providers/Microsoft.Network/virtualNetworks/V-net_1/subnets/s.1`;

test('an ARM id of a subnet is parsed in any letter case, and its names keep their spelling', () => {
  const place = { subscriptionId, resourceGroup: 'Rg.(1)', virtualNetwork: 'V-net_1', subnet: 's.1' };
  assert.deepEqual(parseSubnetId(id), place);
  assert.deepEqual(parseSubnetId(id.toLowerCase()), {
    subscriptionId,
    resourceGroup: 'rg.(1)',
    virtualNetwork: 'v-net_1',
    subnet: 's.1',
  });
  assert.equal(parseSubnetId(id.replace('Rg.(1)', 'Größe'))?.resourceGroup, 'Größe');
});

test('anything else is not an id of a subnet', () => {
  const others = [
    '',
    id.slice(1),
    `${id}/`,
    `${id}/subnets/t`,
    `x${id}`,
    id.replace('/subnets/s.1', ''),
    id.replace(subscriptionId, subscriptionId.slice(1)),
    id.replace('Microsoft.Network', 'MicrosoftXNetwork'),
    id.replace('Rg.(1)', ''),
    id.replace('Rg.(1)', 'a/b'),
    id.replace('Rg.(1)', 'rg.'),
    id.replace('Rg.(1)', 'g'.repeat(91)),
    id.replace('V-net_1', 'v net'),
    id.replace('s.1', 's%2e1'),
    `${id}\n`,
  ];
  for (const other of others) assert.equal(parseSubnetId(other), undefined, other);
});
