import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { test } from 'node:test';
import { register } from '../data-plane/vaults.ts';
import { startServer } from '../world/server.ts';

test('many simultaneous wrong secrets of one client do not keep another from signing in', async () => {
  await using world = await startServer();
  const { client } = world;
  const [attacked, other] = [await register(world), await register(world)];
  const answered: string[] = [];
  // An open connection, because the test is about the line for secrets, not the one for handshakes.
  const agent = new Agent({ keepAlive: true });
  await client.send(`${client.home}/common/discovery/keys`, { agent });
  const signIn = async (clientId: string, secret: string) => {
    const isOther = clientId === other.clientId;
    const { status } = await client.send(`${client.home}/${client.identity.tenantId}/oauth2/v2.0/token`, {
      method: 'POST',
      ...(isOther && { agent }),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: secret,
        scope: `${client.home}/.default`,
      }).toString(),
    });
    answered.push(`${isOther ? 'other' : 'wrong'} ${status}`);
  };
  const flood = Array.from({ length: 90 }, (_, index) => signIn(attacked.clientId, `wrong ${index}`));
  // Once some are answered, the handshakes are over and the line has its full length.
  while (answered.length < 15) await new Promise((resolve) => setTimeout(resolve, 5));
  const before = answered.length;
  await signIn(other.clientId, other.clientSecret);
  await Promise.all(flood);
  agent.destroy();
  const compared = answered.slice(before).filter((line) => line !== 'wrong 503');
  assert.ok(compared.length > 30, 'the line was long');
  const place = compared.indexOf('other 200');
  assert.ok(place >= 0 && place < 20, `it was number ${place} of ${compared.length}`);
});
