import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SecretClient } from '@azure/keyvault-secrets';
import type { Seed } from '../../src/in-process/postern.ts';
import { startPostern } from '../../src/in-process/imported.ts';
import type { SeedFile } from '../../src/seed/seed-file.ts';

const app = {
  rules: { defaultAction: 'Deny', ipRules: ['203.0.113.16/28'], virtualNetworkRules: ['blue/web'] },
  access: { shop: { secrets: ['get'] }, pipeline: { secrets: ['set', 'get'] } },
  secrets: { 'db-password': 'hunter2', 'not-yet': { value: 'soon', enabled: false } },
} as const;
const shop: Seed = {
  networks: { blue: { subnets: { web: '10.0.0.0/24', batch: '10.0.1.0/24' } } },
  identities: { shop: {}, pipeline: { clientSecret: 'a secret of the pipeline' } },
  vaults: { app },
};

/** As a program without types does. */
function isTakenForOptions(value: unknown): value is Seed {
  return value !== undefined;
}

describe('a world of its own', () => {
  it('can be whatever a seed file can say', async () => {
    // The compiler checks it: the published types have a place for each member.
    const seed: Omit<SeedFile, '$schema'> = { vaults: { app: {} } };
    const world: Seed = seed;
    await using postern = await startPostern(world);
    assert.equal((await postern.explain({ vault: 'app', from: '203.0.113.7' })).because, 'defaultAction');
  });

  it('has the networks, identities, vaults and secrets that it names, and no demo', async () => {
    await using postern = await startPostern(shop);
    const secret = { vault: 'app', secret: 'db-password' };
    assert.equal(await postern.expectAllowed({ ...secret, from: 'blue/web', as: 'shop' }), 'hunter2');
    assert.equal(await postern.expectAllowed({ ...secret, from: '203.0.113.17', as: 'pipeline' }), 'hunter2');
    for (const from of ['blue/batch', '203.0.113.15', '203.0.113.32']) await postern.expectDenied({ ...secret, from });
    await assert.rejects(postern.explain({ vault: 'demo', from: '203.0.113.7' }), {
      message: "There is no vault 'demo'.",
    });
    // The identity may read, and not write; the application both.
    const at = (as: string) =>
      new SecretClient(postern.vaultUrl('app'), postern.credentialOf(as), postern.clientOptionsFrom('blue/web'));
    await assert.rejects(at('shop').setSecret('a', 'b'), {
      statusCode: 403,
      code: 'Forbidden',
      message: /does not have secrets set permission/,
    });
    assert.equal((await at('pipeline').setSecret('a', 'b')).value, 'b');
    await assert.rejects(at('pipeline').getSecret('not-yet'), { statusCode: 403, message: /disabled secret/ });
  });

  it('may have a vault without public network access, whose firewall denies every address', async () => {
    await using postern = await startPostern({
      vaults: { app: { publicNetworkAccess: 'Disabled', secrets: { a: 'b' } } },
    });
    await postern.expectDenied({ vault: 'app', secret: 'a', from: '203.0.113.7' });
    // A refusal that is not the firewall's does not count.
    await using open = await startPostern({ identities: { shop: {} }, vaults: { app: { secrets: { a: 'b' } } } });
    await assert.rejects(open.expectDenied({ vault: 'app', secret: 'a', as: 'shop' }), {
      message: /the firewall was to deny the request, but it was answered 403: .* does not have secrets get permission/,
    });
  });

  it('sends nothing from a subnet without its service endpoint, and says what a vault would see', async () => {
    const subnets = { web: '10.0.0.0/24', plain: { addressPrefix: '10.0.1.0/24', serviceEndpoint: false } };
    await using postern = await startPostern({
      networks: { blue: { subnets } },
      vaults: { app: { secrets: { a: 'b' } } },
    });
    const secret = { vault: 'app', secret: 'a' };
    assert.equal(await postern.expectAllowed({ ...secret, from: 'blue/web' }), 'b');
    for (const expected of ['expectDenied', 'expectAllowed'] as const) {
      await assert.rejects(postern[expected]({ ...secret, from: 'blue/plain' }), {
        name: 'TypeError',
        message:
          /^The subnet 'blue\/plain' has no service endpoint for Microsoft\.KeyVault, so that a vault sees the public/,
      });
    }
  });

  it('is the demo where no member has a value', async () => {
    const unset: object = { vaults: undefined, clock: undefined };
    await using postern = await startPostern(unset);
    assert.equal((await postern.explain({ vault: 'demo', from: '203.0.113.7' })).because, 'ipRule');
  });

  it('is there again after a reset, as it was', async () => {
    await using postern = await startPostern(shop);
    assert.deepEqual(await postern.audit(), []);
    const client = new SecretClient(
      postern.vaultUrl('app'),
      postern.credentialOf('pipeline'),
      postern.clientOptionsFrom('blue/web'),
    );
    const { version } = (await client.setSecret('db-password', 'changed')).properties;
    assert.equal((await postern.audit()).length > 0, true);
    await postern.reset();
    assert.deepEqual(await postern.audit(), []);
    const again = await client.getSecret('db-password');
    assert.equal(again.value, 'hunter2');
    assert.notEqual(again.properties.version, version);
  });

  it('is refused with the path of the first fault', async () => {
    const near = { ...app, rules: { ...app.rules, virtualNetworkRules: ['blue/web', 'blue/webb'] } };
    await assert.rejects(startPostern({ ...shop, vaults: { app: near } }), {
      name: 'TypeError',
      message:
        /^startPostern: vaults\.app\.rules\.virtualNetworkRules\[1\]: there is no subnet .webb. in the network .blue./,
    });
    const misspelt = { ...shop, vault: {} };
    await assert.rejects(startPostern(misspelt), {
      name: 'TypeError',
      message:
        /^startPostern: vault: there is no such member; known are .*vaults\. Besides these there are clock, .*config\.$/,
    });
    const path: unknown = 'world.json';
    assert.ok(isTakenForOptions(path));
    await assert.rejects(startPostern(path), {
      name: 'TypeError',
      message: /^startPostern: this is a string; it must be an object, such as the contents of a seed file/,
    });
  });
});
