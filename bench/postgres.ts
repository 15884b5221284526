/**
 * Servers on one PostgreSQL, each started as an operator would, behind no balancer: GET, LIST of 25 and PUT with one, two
 * and three of them; the request that follows a change of its rules on another node; and transactions beside pgbench. wrk
 * (Debian package `wrk`) shares the cores with all of them. The database is in the folder for temporary files.
 */
import { execFile } from 'node:child_process';
import { Agent } from 'node:https';
import { promisify } from 'node:util';
import { putVault, vaultPath } from '../test/data-plane/vaults.ts';
import type { Node } from '../test/postgres/nodes.ts';
import { startPlace } from '../test/postgres/place.ts';
import { ruleOnly } from '../test/postgres/rule-load.ts';
import { databaseNanoseconds } from './postgres/database-time.ts';
import { transactions } from './postgres/transactions.ts';
import { cpuNanoseconds, putScript, quantile, readWrk } from './wrk.ts';

const seconds = Number(process.argv[2] ?? 5);
const [vault, from] = ['bench', '127.0.0.7'];

await using place = await startPlace('direct');
const { nodes, client } = place.nodes;
await putVault(client, vault);
for (let index = 0; index < 25; index += 1) {
  const body = { value: 'a value of some forty characters, as usual' };
  await client.vault(vault, 'PUT', `/secrets/name${index}`, { body, from });
}

await byNodes();
await afterChange(500);
console.log(`\n| ${seconds} s | transactions/s | ms, median (pgbench: mean) |`);
console.log('|---|---|---|');
for (const { what, perSecond, p50Ms } of await transactions(place.cluster, seconds)) {
  console.log(`| ${what} | ${perSecond.toFixed(0)} | ${p50Ms.toFixed(1)} |`);
}

async function byNodes(): Promise<void> {
  const loads = [
    { name: 'GET', path: '/secrets/name1', extra: [] },
    { name: 'LIST of 25', path: '/secrets', extra: [] },
    { name: 'PUT', path: '/secrets/name', extra: ['-s', putScript()] },
  ];
  console.log(
    `| 32 connections a node, ${seconds} s | nodes | requests/s | p99 ms | node, us/request | database, us/request |`,
  );
  console.log('|---|---|---|---|---|---|');
  for (const { name, ...load } of loads) {
    await measure(nodes, load);
    for (const count of [1, 2, 3]) {
      const { perSecond, p99Ms, nodeMicroseconds, databaseMicroseconds } = await measure(nodes.slice(0, count), load);
      const figures = [
        perSecond.toFixed(0),
        p99Ms.toFixed(1),
        nodeMicroseconds.toFixed(0),
        databaseMicroseconds.toFixed(0),
      ];
      console.log(`| ${name} | ${count} | ${figures.join(' | ')} |`);
    }
  }
}

async function measure(
  used: readonly Node[],
  { path, extra }: { readonly path: string; readonly extra: readonly string[] },
) {
  const { host } = new URL(client.vaultOrigin(vault));
  const headers = ['-H', `Host: ${host}`, '-H', `Authorization: Bearer ${await client.token('vault')}`];
  const nodeTime = () => used.reduce((sum, node) => sum + cpuNanoseconds(node.running().workerPid()), 0);
  const [nodesBefore, databaseBefore] = [nodeTime(), databaseNanoseconds(place.cluster.primary.folder)];
  const runs = await Promise.all(
    used.map(async (node) => {
      const url = `https://127.0.0.1:${node.running().ready.port}${path}?api-version=7.4`;
      const args = ['-t1', '-c32', `-d${seconds}s`, '--latency', ...headers, ...extra, url];
      return readWrk((await promisify(execFile)('wrk', args)).stdout);
    }),
  );
  const requests = runs.reduce((sum, run) => sum + run.requests, 0);
  return {
    perSecond: requests / seconds,
    p99Ms: Math.max(...runs.map(({ p99Ms }) => p99Ms)),
    nodeMicroseconds: (nodeTime() - nodesBefore) / 1_000 / requests,
    databaseMicroseconds: (databaseNanoseconds(place.cluster.primary.folder) - databaseBefore) / 1_000 / requests,
  };
}

/** How long after the answer to a change of rules another node has answered by the new ones, and an ordinary GET beside it. */
async function afterChange(times: number): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  const [changing, other] = [nodes[0]?.client(), nodes[1]?.client()];
  if (changing === undefined || other === undefined) throw new RangeError('there are less than two nodes');
  const get = async () => {
    const begin = performance.now();
    const { status } = await other.vault(vault, 'GET', '/secrets/name1', { from, agent });
    return { status, ms: performance.now() - begin };
  };
  const [after, ordinary]: [number[], number[]] = [[], []];
  let stale = 0;
  for (let index = 0; index < times; index += 1) {
    const [address, expected] = index % 2 === 0 ? (['203.0.113.99', 403] as const) : (['203.0.113.7', 200] as const);
    const body = ruleOnly(address);
    await changing.arm('PATCH', vaultPath(vault), body, { agent, body });
    const { status, ms } = await get();
    if (status !== expected) stale += 1;
    after.push(ms);
    ordinary.push((await get()).ms);
  }
  agent.destroy();
  const shown = (found: readonly number[]) => [0.5, 0.99].map((share) => quantile(found, share).toFixed(1)).join(' | ');
  console.log(
    `\n| ${times} changes of rules, each followed by a GET on another node: ${stale} stale | median ms | p99 ms |`,
  );
  console.log('|---|---|---|');
  console.log(`| the GET after the change, answered by the changed rules | ${shown(after)} |`);
  console.log(`| an ordinary GET | ${shown(ordinary)} |`);
}
