import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { authenticatedFile } from '../crypto/certificates/authenticated-file.ts';
import { certificateWorld } from './certificate-world.ts';

test('slow files do not delay other requests, wait for each other, and are refused if there are too many', async () => {
  await using world = await certificateWorld('kv-files');
  const value = authenticatedFile(60_000).toString('base64');
  const open = new Set(Array.from({ length: 20 }, (_, index) => index));
  const imports = Array.from(open, async (index) => {
    const answer = await world.send('POST', `/certificates/c${index}/import`, { value, pwd: 'wrong' });
    open.delete(index);
    return answer;
  });
  let meanwhile = 0;
  while (open.size > 0) {
    assert.equal((await world.send('GET', '/certificates')).status, 200);
    meanwhile += 1;
    await sleep(5);
  }
  const answers = await Promise.all(imports);
  const read = answers.filter(({ status }) => status === 400);
  const refused = answers.filter(({ status }) => status === 429);
  assert.equal(read.length + refused.length, 20);
  for (const { body } of read)
    assert.match(String(body['error']?.['message']), /The password of the PKCS #12 file is wrong\.$/);
  for (const { headers } of refused) assert.equal(headers['retry-after'], '10');
  // One is read and eight wait; others take the places of those that ended.
  assert.ok(read.length >= 9 && refused.length >= 1, `${read.length} were read, ${refused.length} refused`);
  assert.ok(meanwhile > 20, `${meanwhile} other requests were answered meanwhile`);
});

test('the work on a file stops when its client goes', async () => {
  await using world = await certificateWorld('kv-gone');
  const agent = new Agent({ keepAlive: false });
  const body = { value: authenticatedFile(700_000).toString('base64'), pwd: 'wrong' };
  const ended: ('refused' | 'gone')[] = [];
  const refused = () => ended.filter((how) => how === 'refused').length;
  const asked = Array.from({ length: 12 }, async (_, index) => {
    try {
      const path = `/certificates/c${index}/import`;
      const { status } = await world.server.client.vault(world.vault, 'POST', path, { agent, body });
      assert.equal(status, 429);
      ended.push('refused');
    } catch {
      ended.push('gone');
    }
  });
  // One is read, and eight wait.
  while (refused() < 3) await sleep(5);
  agent.destroy();
  await Promise.all(asked);
  assert.deepEqual([ended.length, refused()], [12, 3]);
  const small = { value: authenticatedFile(1).toString('base64'), pwd: 'wrong' };
  const statuses = new Set<number>();
  for (let tries = 0; tries < 100 && !statuses.has(400); tries += 1) {
    statuses.add((await world.send('POST', '/certificates/y/import', small)).status);
    await sleep(20);
  }
  assert.ok(statuses.has(400), 'the file of somebody else is read');
});
