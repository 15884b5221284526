import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Cluster } from '../../test/postgres/cluster.ts';

const callers = `${import.meta.dirname}/../postgres-callers.ts`;

interface Rate {
  readonly what: string;
  readonly perSecond: number;
  readonly p50Ms: number;
}

/** One node and three, each with 32 callers, and as many clients of pgbench that change one row of 400 bytes each. */
export async function transactions(cluster: Cluster, seconds: number): Promise<readonly Rate[]> {
  return [
    await nodes(cluster.url, 1, seconds),
    await nodes(cluster.url, 3, seconds),
    await pgbench(cluster, 32, seconds),
    await pgbench(cluster, 96, seconds),
  ];
}

async function nodes(url: string, count: number, seconds: number): Promise<Rate> {
  const started = Array.from({ length: count }, (_, index) => {
    const child = spawn(process.execPath, [callers, url, `bench-${count}-${index}`, String(seconds)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator](), exited: once(child, 'exit') };
  });
  for (const { lines } of started) await lines.next();
  for (const { child } of started) child.stdin.write('begin\n');
  const found: { transactions: number; p50Ms: number }[] = [];
  for (const { lines, exited } of started) {
    const { value } = await lines.next();
    found.push(JSON.parse(String(value)) as { transactions: number; p50Ms: number });
    await exited;
  }
  const all = found.reduce((sum, { transactions: done }) => sum + done, 0);
  return {
    what: `${count} × 32 callers of the store`,
    perSecond: all / seconds,
    p50Ms: found.reduce((sum, { p50Ms }) => sum + p50Ms, 0) / found.length,
  };
}

async function pgbench(cluster: Cluster, clients: number, seconds: number): Promise<Rate> {
  await cluster.psql(
    'drop table if exists rows; create table rows (id integer primary key, value bytea not null);' +
      " insert into rows select id, decode(repeat('ab', 400), 'hex') from generate_series(1, 10000) id",
  );
  const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'));
  const script = join(folder, 'change.sql');
  const lines = ['\\set id random(1, 10000)', 'update rows set value = value where id = :id;', ''];
  writeFileSync(script, lines.join('\n'));
  const args = ['-n', '-M', 'prepared', '-c', String(clients), '-j', '2', '-T', String(seconds), '-f', script];
  const { stdout } = await promisify(execFile)('pgbench', [...args, cluster.url]);
  rmSync(folder, { recursive: true });
  const number = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1]);
  return {
    what: `pgbench, ${clients} clients, one row each`,
    perSecond: number(/tps = ([\d.]+)/),
    p50Ms: number(/latency average = ([\d.]+)/),
  };
}
