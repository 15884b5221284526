import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import fc from 'fast-check';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import {
  at,
  expectStatus,
  group,
  location,
  networks,
  putNetwork,
  putVault,
  startWithGroup,
  subnetId,
  succeeded,
  vaultBody,
  vaults,
} from './resources.ts';

/** Text with the case of each letter chosen at random: ARM compares it without case, but must return it unchanged. */
function inSomeCase(text: string): fc.Arbitrary<string> {
  return fc.array(fc.boolean(), { minLength: text.length, maxLength: text.length }).map((upper) =>
    text
      .split('')
      .map((letter, index) => (upper[index] === true ? letter.toUpperCase() : letter))
      .join(''),
  );
}

const permission = fc.constantFrom('get', 'List', 'SET', 'delete', 'recover');
const flag = fc.boolean();

suite('a client gets back what it sent', () => {
  let world: TestServer;
  before(async () => {
    world = await startWithGroup();
    expectStatus(await putNetwork(world.client, 'Net', ['Apps', 'more', 'third']), 201);
  });
  after(() => world[Symbol.asyncDispose]());

  test('of a vault: order, case, suffixes and flags', async () => {
    const { client } = world;
    const subnets = ['Apps', 'more', 'third'].map((name) => inSomeCase(subnetId(client, 'Net', name)));
    const acls = fc.record(
      {
        bypass: fc.constantFrom('None', 'AzureServices'),
        defaultAction: fc.constantFrom('Allow', 'Deny'),
        ipRules: fc.array(
          fc.constantFrom('203.0.113.7', '20.1.0.0/16', '198.51.100.0/24', '8.8.8.8').map((value) => ({ value })),
        ),
        virtualNetworkRules: fc
          .tuple(...subnets)
          .chain((ids) =>
            fc
              .shuffledSubarray(ids.map((id) => ({ id })))
              .chain((rules) =>
                fc.tuple(
                  ...rules.map((rule) =>
                    fc
                      .option(flag)
                      .map((ignore) =>
                        ignore === null ? rule : { ...rule, ignoreMissingVnetServiceEndpoint: ignore },
                      ),
                  ),
                ),
              ),
          ),
      },
      { requiredKeys: ['bypass', 'defaultAction', 'ipRules', 'virtualNetworkRules'] },
    );
    const policy = fc.record({
      tenantId: fc.constant(client.identity.tenantId),
      objectId: fc.uuid(),
      permissions: fc.record({
        secrets: fc.uniqueArray(permission),
        keys: fc.uniqueArray(permission.filter((name) => name !== 'SET')),
      }),
    });
    const body = fc.record({
      tags: fc.dictionary(fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,8}$/), fc.string({ maxLength: 8 }), { maxKeys: 3 }),
      properties: fc.record({
        accessPolicies: fc.array(policy, { maxLength: 3 }),
        enabledForDeployment: flag,
        enabledForTemplateDeployment: flag,
        enableRbacAuthorization: fc.constant(false),
        publicNetworkAccess: fc.constantFrom('Enabled', 'Disabled'),
        networkAcls: acls,
      }),
    });
    await fc.assert(
      fc.asyncProperty(body, async ({ tags, properties }) => {
        const sent = vaultBody(client, properties, { tags });
        const put = expectStatus(await client.arm('PUT', `${vaults}/kv-trip`, sent), 200);
        const got = expectStatus(await client.arm('GET', `${vaults}/KV-trip`), 200);
        assert.deepEqual(got.body, put.body);
        assertWithin(got.body, sent);
        const again = expectStatus(await client.arm('PUT', `${vaults}/kv-trip`, got.body), 200);
        assert.deepEqual(withoutTimes(again.body), withoutTimes(got.body));
      }),
      { numRuns: 40 },
    );
  });

  test('of a virtual network: subnets, endpoints with their locations, delegations and policies', async () => {
    const { client } = world;
    const names = fc.shuffledSubarray(['Web', 'apps', 'DATA', 'x-1'], { minLength: 0 });
    const service = fc.constantFrom('Microsoft.KeyVault', 'microsoft.storage', 'Microsoft.SQL');
    const properties = fc.record(
      {
        serviceEndpoints: fc.array(
          fc.record({ service, locations: fc.constantFrom(['*'], ['westeurope', 'northeurope']) }),
          // As on Azure, an empty list is not shown.
          { minLength: 1 },
        ),
        privateEndpointNetworkPolicies: fc.constantFrom('Enabled', 'Disabled'),
        privateLinkServiceNetworkPolicies: fc.constantFrom('Enabled', 'Disabled'),
        delegations: fc.array(
          fc.record({
            name: fc.constant('d'),
            properties: fc.record({ serviceName: fc.constant('Microsoft.Web/serverFarms') }),
          }),
        ),
        defaultOutboundAccess: flag,
      },
      { requiredKeys: [] },
    );
    const body = names.chain((chosen) =>
      fc.record({
        tags: fc.constant({ Env: 'x' }),
        properties: fc.record(
          {
            addressSpace: fc.constant({ addressPrefixes: ['10.8.0.0/16', '172.20.0.0/16'] }),
            enableDdosProtection: flag,
            flowTimeoutInMinutes: fc.integer({ min: 4, max: 30 }),
            dhcpOptions: fc.constant({ dnsServers: ['10.8.0.4'] }),
            subnets: fc.tuple(
              ...chosen.map((name, index) =>
                properties.map((some) => ({ name, properties: { addressPrefix: `10.8.${index}.0/24`, ...some } })),
              ),
            ),
          },
          { requiredKeys: ['addressSpace', 'subnets'] },
        ),
      }),
    );
    await fc.assert(
      fc.asyncProperty(body, async (some) => {
        const sent = { location, ...some };
        await client.arm('DELETE', `${networks}/trip`);
        const put = expectStatus(await client.arm('PUT', `${networks}/Trip`, sent), 201);
        const got = expectStatus(await client.arm('GET', `${networks}/trip`), 200);
        assert.deepEqual(got.body, succeeded(put.body));
        assertWithin(got.body, sent);
      }),
      { numRuns: 30 },
    );
  });
});

test('azureNormalization returns the values as Azure normalizes them', async () => {
  await using world = await startServerWith({ options: ['--rules', 'current'], config: { azureNormalization: true } });
  const { client } = world;
  expectStatus(await client.arm('PUT', group, { location }), 201);
  expectStatus(await putNetwork(client, 'Net', ['Apps']), 201);
  const open = expectStatus(
    await putVault(client, 'kv-open', { networkAcls: { bypass: 'AzureServices', defaultAction: 'Allow' } }),
    200,
  );
  assert.equal(at(open.body, 'properties', 'networkAcls'), undefined);
  assert.equal(at(open.body, 'properties', 'provisioningState'), 'RegisteringDns');
  assert.equal(at(open.body, 'properties', 'vaultUri'), client.vaultOrigin('kv-open'));
  const later = await client.arm('GET', `${vaults}/kv-open`);
  assert.equal(at(later.body, 'properties', 'provisioningState'), 'Succeeded');
  assert.equal(at(later.body, 'properties', 'vaultUri'), `${client.vaultOrigin('kv-open')}/`);
  assert.equal(at(later.body, 'properties', 'networkAcls', 'defaultAction'), 'Allow');
  const id = subnetId(client, 'Net', 'Apps');
  const networkAcls = {
    bypass: 'None',
    defaultAction: 'Deny',
    ipRules: [{ value: '203.0.113.7' }],
    virtualNetworkRules: [{ id }],
  };
  const closed = expectStatus(await putVault(client, 'kv-closed', { networkAcls }), 200);
  const acls = at(closed.body, 'properties', 'networkAcls');
  assert.deepEqual(acls, {
    ...networkAcls,
    ipRules: [{ value: '203.0.113.7/32' }],
    virtualNetworkRules: [{ id: id.toLowerCase() }],
  });
});

/**
 * Checks that the answer has every member that was sent, with its value; lists have the same items in the same order.
 */
function assertWithin(got: unknown, sent: unknown, path = ''): void {
  if (typeof sent !== 'object' || sent === null) return assert.deepEqual(got, sent, path);
  assert.ok(typeof got === 'object' && got !== null, path);
  if (Array.isArray(sent)) assert.equal(Reflect.get(got, 'length'), sent.length, path);
  for (const [name, value] of Object.entries(sent)) assertWithin(Reflect.get(got, name), value, `${path}.${name}`);
}

function withoutTimes(body: unknown): unknown {
  return JSON.parse(JSON.stringify(body, (name, value: unknown) => (name === 'systemData' ? undefined : value)));
}
