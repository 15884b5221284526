/** Run by `sdk.test.ts`: the official client of secrets, used as in an application, with its challenge verification on. */
import assert from 'node:assert/strict';
import { RestError, SecretClient } from '@azure/keyvault-secrets';
import { agent, collect, credential, perform, vaultUrl, whenFree } from './connection.ts';

const client = new SecretClient(vaultUrl, credential, { agent });

async function names(list: AsyncIterable<{ readonly name: string }>): Promise<readonly string[]> {
  return (await collect(list)).map(({ name }) => name);
}

const scenarios: Readonly<Record<string, () => Promise<void>>> = {
  async allowed() {
    const first = await client.setSecret('sdk', 'one', { tags: { a: 'b' }, contentType: 'text/plain' });
    assert.equal(first.properties.vaultUrl, vaultUrl);
    const second = await client.setSecret('sdk', 'two', { enabled: true, expiresOn: new Date(2_000_000_000_000) });
    assert.equal((await client.getSecret('sdk')).value, 'two');
    const { version = '' } = first.properties;
    assert.equal((await client.getSecret('sdk', { version })).value, 'one');

    const changed = await client.updateSecretProperties('sdk', version, { enabled: false });
    assert.equal(changed.enabled, false);
    assert.deepEqual(changed.tags, { a: 'b' });
    await assert.rejects(client.getSecret('sdk', { version }), /Operation get is not allowed on a disabled secret\./);

    const versions = new Set<string | undefined>();
    for await (const properties of client.listPropertiesOfSecretVersions('sdk')) versions.add(properties.version);
    assert.deepEqual(versions, new Set([version, second.properties.version]));
    assert.deepEqual(await names(client.listPropertiesOfSecretVersions('missing')), []);

    await Promise.all(Array.from({ length: 30 }, (_, n) => client.setSecret(`page-${n}`, 'v')));
    assert.equal((await names(client.listPropertiesOfSecrets())).length, 31);

    const left = await client.beginDeleteSecret('sdk', { intervalInMs: 50 });
    assert.equal(left.isDone(), false, 'a deletion takes its time');
    const poller = await client.beginDeleteSecret('sdk', { intervalInMs: 50, resumeFrom: left.toString() });
    const deleted = await poller.pollUntilDone();
    assert.equal(deleted.properties.recoveryLevel, 'Recoverable+Purgeable');
    assert.deepEqual(await names(client.listDeletedSecrets()), ['sdk']);
    assert.equal((await client.getDeletedSecret('sdk')).recoveryId, `${vaultUrl}/deletedsecrets/sdk`);
    const recovery = await client.beginRecoverDeletedSecret('sdk', { intervalInMs: 50 });
    assert.equal(recovery.isDone(), false, 'a recovery takes its time');
    await recovery.pollUntilDone();
    assert.equal((await client.getSecret('sdk')).value, 'two');

    const blob = await client.backupSecret('sdk');
    assert.ok(blob !== undefined);
    await (await client.beginDeleteSecret('sdk', { intervalInMs: 50 })).pollUntilDone();
    await client.purgeDeletedSecret('sdk');
    await assert.rejects(client.getDeletedSecret('sdk'), { code: 'SecretNotFound', statusCode: 404 });
    await assert.rejects(client.getSecret('sdk'), { code: 'SecretNotFound', statusCode: 404 });
    const restored = await whenFree(() => client.restoreSecretBackup(blob));
    assert.equal(restored.version, second.properties.version);
    assert.equal((await client.getSecret('sdk')).value, 'two');
  },

  async refused() {
    await assert.rejects(client.getSecret('sdk'), (error) => {
      assert.ok(error instanceof RestError);
      assert.equal(error.statusCode, 403);
      assert.equal(error.code, 'Forbidden');
      assert.match(error.message, /^Client address is not authorized and caller is not a trusted service\.\r\n/);
      assert.match(error.message, /\r\nClient address: 203\.0\.113\.8\r\n/);
      return true;
    });
  },
};

await perform(scenarios);
