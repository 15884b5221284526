import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer } from '../world/server.ts';

const namesOf = (header: unknown) => String(header).toLowerCase().split(', ');

test("a browser lets the portal's page send each request that a vault takes, and read what its answer says", async () => {
  await using world = await startServer();
  const { client } = world;
  const origin = client.home;
  const url = `${client.vaultOrigin('any')}/secrets/x?api-version=7.4`;
  for (const method of ['GET', 'PUT', 'PATCH', 'POST', 'DELETE']) {
    const asked = ['authorization', 'content-type', 'if-match', 'x-ms-client-request-id'];
    const answer = await client.send(url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': asked.join(','),
      },
    });
    assert.equal(answer.status, 204, method);
    assert.equal(answer.headers['access-control-allow-origin'], origin);
    assert.ok(namesOf(answer.headers['access-control-allow-methods']).includes(method.toLowerCase()), method);
    const allowed = namesOf(answer.headers['access-control-allow-headers']);
    assert.deepEqual(
      asked.filter((name) => !allowed.includes(name)),
      [],
    );
  }
  const refused = await client.send(url, { headers: { origin } });
  assert.ok(refused.status >= 400, 'a refusal too');
  assert.equal(refused.headers['access-control-allow-origin'], origin);
  const exposed = namesOf(refused.headers['access-control-expose-headers']);
  for (const name of [
    'www-authenticate',
    'retry-after',
    'x-ms-keyvault-network-info',
    'x-ms-keyvault-rbac-assignment-id',
  ]) {
    assert.ok(exposed.includes(name), name);
  }
  // Another site's page, and the same host at another port, may send nothing.
  for (const other of ['https://evil.example', 'https://localhost:1']) {
    const answer = await client.send(url, { method: 'OPTIONS', headers: { origin: other } });
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
    assert.equal(answer.headers['access-control-allow-methods'], undefined);
  }
});
