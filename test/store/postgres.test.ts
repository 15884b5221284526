import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { havePostgres, startPostgres } from '../postgres/cluster.ts';
import type { Cluster } from '../postgres/cluster.ts';
import { conformsOn } from '../postgres/conforms.ts';
import { dataFolder, startPostern } from '../world/process.ts';

if (havePostgres('the conformance of the store in PostgreSQL')) {
  describe('the store in PostgreSQL', () => {
    let cluster: Cluster;
    before(async () => {
      cluster = await startPostgres();
    });
    after(() => cluster[Symbol.asyncDispose]());
    conformsOn('postgres', () => cluster.url);

    test('a server starts on it, and answers from it', async () => {
      using folder = dataFolder();
      await cluster.psql('create database of_server');
      const url = cluster.url.replace(/postgres$/, 'of_server');
      await using node = await startPostern(['--store', url, '--node', 'a', '--data', folder.path]);
      const { client } = node;
      assert.equal((await client.vault('open', 'PUT', '/secrets/x', { body: { value: 'y' } })).status, 200);
      assert.equal((await client.vault('open', 'GET', '/secrets/x')).body['value'], 'y');
      assert.equal(existsSync(join(folder.path, 'postern.db')), false);
      assert.equal(await node.end('SIGTERM'), 0);
    });
  });
}
