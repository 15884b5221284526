import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SecretClient } from '@azure/keyvault-secrets';
import { KeyVaultManagementClient } from '@azure/arm-keyvault';
import { openServerInChild } from '../../src/in-process/child.ts';
import { posternOf } from '../../src/in-process/client.ts';
import type { Postern, PosternOptions } from '../../src/in-process/postern.ts';
import { startPostern } from '../../src/in-process/imported.ts';

const start: Readonly<Record<string, (options?: PosternOptions) => Promise<Postern>>> = {
  'in this process': startPostern,
  'in a child process': async (options = {}) => posternOf(await openServerInChild(options), options),
};

for (const [where, open] of Object.entries(start)) {
  describe(`a server ${where}`, () => {
    let postern: Postern;
    before(async () => {
      postern = await open();
    });
    after(() => postern.stop());

    it('answers the clients of the Azure SDK, with names that nothing resolves', async () => {
      const client = new SecretClient(postern.vaultUrl('open'), postern.credential, postern.clientOptions);
      assert.equal((await client.getSecret('greeting')).value, 'hello from the open vault');
      const vaults = new KeyVaultManagementClient(postern.credential, postern.subscriptionId, {
        ...postern.clientOptions,
        endpoint: postern.url,
      });
      assert.equal((await vaults.vaults.get('demo', 'demo')).properties.networkAcls?.defaultAction, 'Deny');
    });

    it('has clients at any address and in any subnet', async () => {
      const from = (place: string) =>
        new SecretClient(postern.vaultUrl('demo'), postern.credential, postern.clientOptionsFrom(place));
      const [inside, beside] = ['203.0.113.7', '203.0.113.8'].map(from);
      assert.equal((await inside?.getSecret('greeting'))?.value, 'hello from behind the boundary');
      await assert.rejects(async () => beside?.getSecret('greeting'), {
        statusCode: 403,
        message: /Client address: 203\.0\.113\.8\r/,
      });
      const [blue, green] = ['demo-blue/workloads', 'demo-green/workloads'].map(from);
      assert.equal((await blue?.getSecret('greeting'))?.value, 'hello from behind the boundary');
      await assert.rejects(async () => green?.getSecret('greeting'), {
        statusCode: 403,
        message: /Client address: 10\.0\.0\.4\r/,
      });
    });

    it('has the credential of an identity', async () => {
      const secret = { vault: 'open', secret: 'greeting' };
      assert.equal(await postern.expectAllowed({ ...secret, as: 'developer' }), 'hello from the open vault');
      assert.throws(() => postern.credentialOf('developers'), {
        message: "There is no identity 'developers'. There are: developer.",
      });
    });

    it('says why a request that was to be denied is allowed, and the other way round', async () => {
      const secret = { vault: 'demo', secret: 'greeting' };
      await postern.expectDenied({ ...secret, from: '203.0.113.8' });
      await assert.rejects(postern.expectDenied({ ...secret, from: '203.0.113.7' }), {
        message:
          "vault 'demo', from 203.0.113.7: the firewall was to deny the request, but it was let in\n" +
          'Allowed: 203.0.113.7 is in ipRules[0] (203.0.113.7).',
      });
      assert.equal(
        await postern.expectAllowed({ ...secret, from: 'demo-blue/workloads' }),
        'hello from behind the boundary',
      );
      await assert.rejects(postern.expectAllowed({ ...secret, from: 'demo-green/workloads' }), {
        message:
          /^vault 'demo', from demo-green\/workloads: the request was to be allowed, .* 403: .*\nDenied: .* has no virtual network rule/s,
      });
      // Refused, but not by the firewall.
      await assert.rejects(postern.expectDenied({ vault: 'open', secret: 'greetings' }), {
        message:
          /it was answered 404: A secret with \(name\/id\) greetings was not found[\s\S]*\nAllowed: defaultAction is Allow/,
      });
    });

    it('explains, and names the smallest change', async () => {
      const denied = await postern.explain({ vault: 'demo', from: '198.51.100.4' });
      assert.deepEqual([denied.allowed, denied.because], [false, 'noIpRule']);
      assert.match(denied.fixes[0]?.[0] ?? '', /network-rule add .*198\.51\.100\.4/);
      const allowed = await postern.explain({ vault: 'demo', from: 'demo-blue/workloads' });
      assert.deepEqual([allowed.allowed, allowed.because, allowed.fixes], [true, 'virtualNetworkRule', []]);
      await assert.rejects(postern.explain({ vault: 'demos', from: '198.51.100.4' }), {
        message: "There is no vault 'demos'.",
      });
    });

    it('refuses a place that is neither a public address nor one of its subnets', async () => {
      const at = (from: string) => postern.explain({ vault: 'demo', from });
      await assert.rejects(at('10.0.0.4'), {
        name: 'TypeError',
        message:
          "A vault sees no client at 10.0.0.4 (private IP addresses): give its subnet as 'network/subnet', or a public address.",
      });
      // The ordinary place is seen as 203.0.113.1, and no vault ever sees this.
      await assert.rejects(at('127.0.0.1'), { name: 'TypeError', message: /no client at 127\.0\.0\.1 \(loopback/ });
      await assert.rejects(at('demo-blue/workload'), {
        name: 'TypeError',
        message: /There is no subnet 'demo-blue\/workload'/,
      });
      const client = new SecretClient(postern.vaultUrl('open'), postern.credential, {
        ...postern.clientOptionsFrom('demo-blue'),
        retryOptions: { maxRetries: 0 },
      });
      await assert.rejects(client.getSecret('greeting'), { message: /There is no subnet 'demo-blue'/ });
    });

    it('is as after the start when it was reset', async () => {
      const client = new SecretClient(postern.vaultUrl('open'), postern.credential, postern.clientOptions);
      const first = await client.getSecret('greeting');
      await client.setSecret('another', 'one');
      await client.setSecret('greeting', 'changed');
      const records = await postern.audit();
      assert.ok(records.some(({ operationName }) => operationName === 'SecretSet'));
      await postern.reset();
      assert.deepEqual(await postern.audit(), []);
      const again = await client.getSecret('greeting');
      assert.deepEqual([again.value, again.properties.version], [first.value, first.properties.version]);
      await assert.rejects(client.getSecret('another'), { statusCode: 404 });
      assert.equal(
        await postern.expectAllowed({ vault: 'demo', secret: 'greeting', from: 'demo-blue/workloads' }),
        'hello from behind the boundary',
      );
    });

    it('makes one call after the other, and a stop ends what a reset has begun', async () => {
      const other = await open();
      const calls = [other.reset(), other.reset(), other.stop()];
      const ended = (await Promise.allSettled(calls)).map(({ status }) => status);
      assert.deepEqual(ended, ['fulfilled', 'fulfilled', 'fulfilled']);
      await assert.rejects(other.expectAllowed({ vault: 'open', secret: 'greeting' }), { code: 'ECONNREFUSED' });
    });

    it('refuses a time that its tokens and certificates cannot have', async () => {
      for (const clock of [new Date(Number.NaN), new Date(-1), new Date(Date.UTC(9000, 0, 1, 0, 0, 1))]) {
        await assert.rejects(open({ clock }), { name: 'TypeError', message: /^startPostern: clock: .* 9000-01-01\.$/ });
      }
      const toYear10000 = Date.UTC(10_000, 0) - Date.now();
      await assert.rejects(postern.advance(toYear10000), { name: 'RangeError', message: /must stay at/ });
      assert.equal(await postern.expectAllowed({ vault: 'open', secret: 'greeting' }), 'hello from the open vault');
    });

    it('has a record of every request that was answered, with its verdict', async () => {
      await postern.expectDenied({ vault: 'demo', secret: 'greeting', from: '203.0.113.99' });
      const record = (await postern.audit()).at(-1);
      assert.equal(record?.callerIpAddress, '203.0.113.99');
      assert.equal(record?.['resultSignature'], 'Forbidden');
    });

    it('moves its clock, does what became due, and its clients go on', async () => {
      const client = new SecretClient(postern.vaultUrl('open'), postern.credential, postern.clientOptions);
      await client.getSecret('greeting');
      const deleting = await client.beginDeleteSecret('greeting');
      await deleting.pollUntilDone();
      const deleted = await client.getDeletedSecret('greeting');
      assert.ok(deleted.scheduledPurgeDate !== undefined);
      await postern.advance(89 * 86_400_000);
      assert.equal((await client.getDeletedSecret('greeting')).name, 'greeting');
      await postern.advance(2 * 86_400_000);
      await assert.rejects(client.getDeletedSecret('greeting'), { statusCode: 404 });
      await assert.rejects(postern.advance(-1), { name: 'RangeError', message: /advance\(-1\)/ });
    });

    it('gives its credentials tokens that are valid after a reset, which moves the clock back', async () => {
      const secret = { vault: 'open', secret: 'greeting' };
      await postern.reset();
      await postern.advance(86_400_000);
      await postern.expectAllowed(secret);
      await postern.expectAllowed({ ...secret, as: 'developer' });
      await postern.reset();
      await postern.expectAllowed(secret);
      await postern.expectAllowed({ ...secret, as: 'developer' });
    });

    it('refuses an option with its path', async () => {
      await assert.rejects(open({ config: { limits: { ipRule: 3 } } }), {
        name: 'TypeError',
        message: /^startPostern: config: limits: the member ipRule is not known\. Did you mean ipRules\?/,
      });
      for (const config of [{ port: 1 }, { limits: {}, tls: [] }])
        await assert.rejects(open({ config }), {
          name: 'TypeError',
          message: /^startPostern: config: (?:port|tls) is for `postern start` alone: leave it out\.$/,
        });
      await assert.rejects(open({ clock: new Date('yesterday') }), {
        name: 'TypeError',
        message: /^startPostern: clock: Invalid Date must be a Date/,
      });
    });
  });
}

it('takes the time of the clock that it is given, and stays there', async () => {
  await using postern = await startPostern({ clock: new Date('2031-05-04T03:02:01Z') });
  const client = new SecretClient(postern.vaultUrl('open'), postern.credential, postern.clientOptions);
  const created = async (name: string) => (await client.setSecret(name, 'value')).properties.createdOn?.toISOString();
  assert.equal(await created('first'), '2031-05-04T03:02:01.000Z');
  await postern.advance(60_000);
  assert.equal(await created('second'), '2031-05-04T03:03:01.000Z');
  await postern.reset();
  assert.equal(await created('third'), '2031-05-04T03:02:01.000Z');
});
