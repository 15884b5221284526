import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { vaultKey } from '../../src/resources/keys.ts';
import { decode } from '../../src/store/store.ts';
import type { VaultRecord } from '../../src/types/vault.ts';
import { readRow, replaceRow } from '../world/rows.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { acls, auditRecords, errorBody, putVault, recordsWhere } from './vaults.ts';

let world: TestServer;

before(async () => {
  world = await startServer();
});

after(() => world[Symbol.asyncDispose]());

const unreadable = errorBody(
  'ServiceUnavailable',
  "A record of this vault cannot be read, so the request is refused. The server's log has the detail.",
);

const ask = (vault: string, method: string, path: string, body?: unknown) =>
  world.client.vault(vault, method, path, body === undefined ? {} : { body });

/** Creates a vault with the secrets `a` (two versions) and `b`. Returns the prefix of its objects' keys. */
async function vaultWithSecrets(name: string): Promise<string> {
  await putVault(world.client, name, { networkAcls: acls.allow });
  for (const secret of ['a', 'a', 'b']) {
    assert.equal((await ask(name, 'PUT', `/secrets/${secret}`, { value: secret })).status, 200);
  }
  // A change's record is written after its answer, and the next lines read the last record.
  await recordsWhere(
    world,
    (one) => one.operationName === 'SecretSet' && one.resourceId.endsWith(`/${name.toUpperCase()}`),
    3,
  );
  const [record] = await world.folder.store.read({ get: [vaultKey(name)] });
  assert.ok(record);
  return `vault/${decode<VaultRecord>(record).incarnation}`;
}

/** Flips the last bit of the record under `key`, or of the first one below it, past the server. */
async function damage(key: string): Promise<void> {
  const row = await readRow(world.folder, key);
  const value = Uint8Array.from(row.value);
  value[value.length - 1] = (value.at(-1) ?? 0) ^ 1;
  await replaceRow(world.folder, { ...row, value });
}

suite('a damaged record is refused with 503', () => {
  interface Case {
    readonly what: string;
    readonly below: string;
    readonly requests: readonly (readonly [method: string, path: string, body?: unknown])[];
  }

  const cases: readonly Case[] = [
    {
      what: 'a secret',
      below: '/secrets/a',
      requests: [
        ['GET', '/secrets/a'],
        ['GET', '/secrets'],
        ['GET', '/secrets/a/versions'],
        ['PUT', '/secrets/a', { value: 'new' }],
        ['PATCH', '/secrets/a', { tags: {} }],
        ['DELETE', '/secrets/a'],
      ],
    },
    { what: 'an older version', below: '/secrets-versions/a/', requests: [['GET', '/secrets/a/versions']] },
  ];

  for (const [index, { what, below, requests }] of cases.entries()) {
    test(what, async () => {
      const name = `kv-damaged-${index}`;
      await damage((await vaultWithSecrets(name)) + below);
      for (const [method, path, body] of requests) {
        const answer = await ask(name, method, path, body);
        assert.equal(answer.status, 503, `${method} ${path}`);
        assert.deepEqual(answer.body, unreadable);
        assert.equal(auditRecords(world).at(-1)?.properties.httpStatusCode, 503);
      }
      assert.equal((await ask(name, 'GET', '/secrets/b')).body['value'], 'b', 'the others are as they were');
    });
  }

  test('a vault, before and after its token is checked', async () => {
    await vaultWithSecrets('kv-record');
    // Its rules are then read again: a change of them would read the damaged record too.
    await putVault(world.client, 'kv-record', { networkAcls: acls.deny });
    await damage(vaultKey('kv-record'));
    for (const token of [await world.client.token('vault'), undefined]) {
      const answer = await world.client.vault('kv-record', 'GET', '/secrets/a', { token });
      assert.equal(answer.status, 503);
      assert.deepEqual(answer.body, unreadable);
    }
    assert.equal((await ask('kv-damaged-0', 'GET', '/secrets/b')).status, 200);
  });

  test('a record that was sealed with a destroyed data key', async () => {
    const root = await vaultWithSecrets('kv-destroyed');
    await world.folder.store.destroyDomain(root);
    for (const [method, path] of [
      ['GET', '/secrets/a'],
      ['GET', '/secrets'],
      ['DELETE', '/secrets/b'],
    ] as const) {
      const answer = await ask('kv-destroyed', method, path);
      assert.equal(answer.status, 503);
      assert.deepEqual(answer.body, unreadable);
    }
  });

  test('a record that was swapped with another one', async () => {
    const root = await vaultWithSecrets('kv-swapped');
    const swapped = await readRow(world.folder, `${root}/secrets/b`);
    await replaceRow(world.folder, { ...swapped, key: `${root}/secrets/a` });
    const answer = await ask('kv-swapped', 'GET', '/secrets/a');
    assert.equal(answer.status, 503);
    assert.deepEqual(answer.body, unreadable);
  });
});
