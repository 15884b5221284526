import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { linesOf } from '../audit/log-lines.ts';
import { dataFolder, startPostern } from '../world/process.ts';

/** An address that no rule of the demo vault contains. */
const outside = '127.0.0.99';
const flooded = 1500;

test('a caller with a valid token cannot push other records out of the audit log', async () => {
  using data = dataFolder();
  await using world = await startPostern(['--data', data.path]);
  const { client } = world;
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const long = 'x'.repeat(7000);
  const refused = async (path: string, method = 'GET') => {
    const { status } = await client.vault('demo', method, path, { from: outside, agent });
    assert.equal(status, 403);
  };
  await Promise.all(Array.from({ length: flooded }, () => refused(`/secrets/greeting?note=${long}`)));
  // Refusals of another caller meanwhile, or of the same one for the first time, are not lost.
  await refused('/keys/k/create', 'POST');
  const read = await client.vault('demo', 'GET', '/secrets/greeting', { from: '127.0.0.7' });
  assert.equal(read.status, 200);
  agent.destroy();
  assert.equal(await world.end('SIGTERM'), 0);

  const records = linesOf(join(data.path, 'audit'));
  const ofFlood = records.filter(
    ({ operationName, properties }) => operationName === 'SecretGet' && properties.httpStatusCode === 403,
  );
  const singles = ofFlood.filter(({ properties }) => !('suppressed' in properties));
  const summed = ofFlood.filter(({ properties }) => 'suppressed' in properties);
  assert.ok(singles.length < flooded / 4, `${singles.length} records of their own`);
  const [first] = singles;
  assert.equal(first?.properties.verdict?.because, 'noIpRule');
  const uri = String(first?.properties.requestUri);
  assert.ok(uri.length <= 512, `${uri.length} characters`);
  assert.match(uri, /… \(\d{4} characters\)$/);
  const suppressed = summed.reduce((sum, { properties }) => sum + Number(properties['suppressed']), 0);
  assert.equal(singles.length + suppressed, flooded, 'each is counted once');
  for (const { identity, callerIpAddress, properties } of summed) {
    assert.equal(identity?.claim['oid'], client.identity.objectId);
    assert.equal(callerIpAddress, '203.0.113.99');
    assert.deepEqual(properties['reasons'], { '403 noIpRule': properties['suppressed'] });
    assert.ok(String(properties['firstTime']) <= String(properties['lastTime']));
  }
  assert.equal(records.filter(({ operationName }) => operationName === 'KeyCreate').length, 1);
  const allowed = records.filter(({ correlationId }) => correlationId === read.headers['x-ms-request-id']);
  assert.equal(allowed.length, 1, 'the disclosure has its record');
});
