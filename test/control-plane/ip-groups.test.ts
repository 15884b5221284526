import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, expectStatus, group, location, startWithGroup } from './resources.ts';

const ipGroups = `${group}/providers/Microsoft.Network/ipGroups`;
const body = (properties: object) => ({ location, properties });

test('an IP group keeps its addresses, and its provider lists the type', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const ipAddresses = ['203.0.113.4', '198.51.100.0/24', '10.0.0.4-10.0.0.9'];
  const made = expectStatus(await client.arm('PUT', `${ipGroups}/office`, body({ ipAddresses })), 201);
  assert.deepEqual(at(made.body, 'properties', 'ipAddresses'), ipAddresses);
  const read = expectStatus(await client.arm('GET', `${ipGroups}/OFFICE`), 200);
  assert.equal(at(read.body, 'type'), 'Microsoft.Network/ipGroups');
  assert.deepEqual(at(read.body, 'properties', 'ipAddresses'), ipAddresses);
  const provider = await client.arm('GET', '/providers/Microsoft.Network');
  assert.match(JSON.stringify(provider.body), /"resourceType":"ipGroups"/);
});

test('an IP group with an invalid address, or a member that Azure does not have, is refused', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  const refusals: readonly (readonly [object, string, string])[] = [
    [{ ipAddresses: ['10.0.0.256'] }, 'ipAddresses[0]', 'an IPv4 address'],
    [{ ipAddresses: ['10.0.0.1', '10.0.0.9-10.0.0.4'] }, 'ipAddresses[1]', 'a first and last address'],
    [{ ipAddresses: ['2001:db8::1'] }, 'ipAddresses[0]', 'an IPv4 address'],
    [{ ipAddresses: '10.0.0.1' }, 'ipAddresses', 'an array'],
    [{ ipAddresses: Array.from({ length: 5_001 }, () => '10.0.0.1') }, 'ipAddresses', 'at most 5000 addresses'],
    [{ addresses: [] }, 'IpGroupProperties', 'addresses'],
  ];
  for (const [properties, member, text] of refusals) {
    const answered = expectStatus(await client.arm('PUT', `${ipGroups}/office`, body(properties)), 400);
    const message = JSON.stringify(answered.body);
    assert.ok(message.includes(member) && message.includes(text), message);
  }
  expectStatus(await client.arm('GET', `${ipGroups}/office`), 404);
});
