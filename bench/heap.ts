/**
 * The heap that is left after 10,000 GETs of a secret and a collection: `npm run bench -- heap`, or `npm run bench --
 * heap ../earlier` for another checkout. The client runs in the same process and stays the same.
 */
import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { join, resolve } from 'node:path';
import type * as Resources from '../test/control-plane/resources.ts';
import { addressRules } from './rules.ts';

const [other] = process.argv.slice(2);
const from = process.env['INIT_CWD'] ?? process.cwd();
const checkout = other === undefined ? join(import.meta.dirname, '..') : resolve(from, other);
const connections = 32;
const { startWithGroup, putVault } = (await import(
  join(checkout, 'test/control-plane/resources.ts')
)) as typeof Resources;

await using world = await startWithGroup();
const { client } = world;
const { tenantId, objectId } = client.identity;
const accessPolicies = [{ tenantId, objectId, permissions: { secrets: ['all'] } }];
await putVault(client, 'bench', { accessPolicies, networkAcls: addressRules });
await client.vault('bench', 'PUT', '/secrets/name', { body: { value: 'a value of some forty characters, as usual' } });
const agent = new Agent({ ca: client.ca, keepAlive: true, maxSockets: connections });

const rows: [string, number][] = [];
for (const count of [1_000, 10_000, 10_000]) {
  await get(count);
  rows.push([`${count} GETs more`, heapMiB()]);
}
agent.destroy();
console.log('| after | heap used, MiB |');
console.log('|---|---|');
for (const [after, used] of rows) console.log(`| ${after} | ${used.toFixed(2)} |`);

async function get(count: number): Promise<void> {
  const connection = async () => {
    for (let done = 0; done < count / connections; done += 1) {
      const { status } = await client.vault('bench', 'GET', '/secrets/name', { agent });
      assert.equal(status, 200);
    }
  };
  await Promise.all(Array.from({ length: connections }, connection));
}

function heapMiB(): number {
  if (globalThis.gc === undefined) throw new Error('start it by npm run bench, which gives --expose-gc');
  // The second collection frees what the first one finalised.
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed / 2 ** 20;
}
