import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { accessDenied, acls, errorBody, putVault, recordsWhere, register } from './vaults.ts';

const vault = 'kv-method';
let world: TestServer;

before(async () => {
  world = await startServer();
  await putVault(world.client, vault, { networkAcls: acls.allow });
});

after(() => world[Symbol.asyncDispose]());

const send = (method: string, path: string, header: Readonly<Record<string, string>> = {}, body?: unknown) =>
  world.client.vault(vault, method, path, { headers: header, ...(body !== undefined && { body }) });

suite('a POST with X-HTTP-Method', () => {
  for (const name of ['X-HTTP-METHOD', 'X-HTTP-Request']) {
    test(`can mean PATCH and DELETE (${name})`, async () => {
      const path = `/secrets/${name}`;
      await send('PUT', path, {}, { value: 'v' });
      const updated = await send('POST', path, { [name]: 'PATCH' }, { tags: { a: 'b' } });
      assert.deepEqual([updated.status, updated.body['tags']], [200, { a: 'b' }]);
      const type = { 'content-type': 'application/json', 'content-length': '0' };
      const deleted = await send('POST', path, { [name]: 'delete', ...type });
      assert.equal(deleted.status, 200, JSON.stringify(deleted.body));
      assert.match(String(deleted.body['recoveryId']), /\/deletedsecrets\//);
      const isRecord = (operation: string) => (record: { readonly operationName: string }) =>
        record.operationName === operation;
      assert.ok((await recordsWhere(world, isRecord('SecretUpdate'))).length > 0);
      assert.ok((await recordsWhere(world, isRecord('SecretDelete'))).length > 0);
    });
  }

  test('needs the permission of the method that it means', async () => {
    const { client } = world;
    const caller = await register(world);
    const policies = [{ objectId: caller.objectId, secrets: ['set'] }];
    await putVault(client, 'kv-method-set', { networkAcls: acls.allow, policies });
    const token = await client.token('vault', caller);
    const put = await client.vault('kv-method-set', 'PUT', '/secrets/kept', { token, body: { value: 'v' } });
    assert.equal(put.status, 200);
    const headers = { 'x-http-method': 'DELETE' };
    const refused = await client.vault('kv-method-set', 'POST', '/secrets/kept', { token, headers });
    const message = accessDenied(caller, 'secrets/delete', 'kv-method-set');
    assert.deepEqual([refused.status, refused.body], [403, errorBody('Forbidden', message, 'AccessDenied')]);
  });

  test('is refused with another method, and nothing changes', async () => {
    await send('PUT', '/secrets/there', {}, { value: 'v' });
    const refusals = [
      ['POST', { 'x-http-method': 'PUT' }, 'PUT', 'POST'],
      ['POST', { 'x-http-method': 'GET' }, 'GET', 'POST'],
      ['POST', { 'x-http-method': 'PATCH', 'x-http-request': 'DELETE' }, 'DELETE', 'PATCH'],
      ['GET', { 'x-http-method': 'DELETE' }, 'DELETE', 'GET'],
      ['DELETE', { 'x-http-method': 'PATCH' }, 'PATCH', 'DELETE'],
    ] as const;
    for (const [method, header, named, had] of refusals) {
      const answer = await send(method, '/secrets/there', header);
      const message =
        `The header X-HTTP-Method names '${named}' on a request of the method ${had}; only a POST may have it, and it ` +
        'may name PATCH or DELETE.';
      assert.deepEqual([answer.status, answer.body], [400, errorBody('BadParameter', message)]);
    }
    assert.equal((await send('GET', '/secrets/there')).body['value'], 'v');
    assert.equal((await send('GET', '/secrets/there', { 'x-http-method': 'GET' })).status, 200);
  });
});
