/**
 * `npm run postgres`: what takes real databases, and longer than `npm test` may. First `test/postgres/`: servers that are
 * killed, cut off and replaced, and everything once more through PgBouncer. Then the whole of `test/data-plane` and
 * `test/control-plane`, whose servers have a database each instead of the embedded store. `npm run postgres --
 * test/postgres/failover.test.ts test/graph` runs files and folders alone, on a database too. It starts Debian's
 * PostgreSQL and PgBouncer itself; without them its tests say that they were not run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { havePostgres, startPostgres } from '../test/postgres/cluster.ts';
import { serverVariable } from '../test/world/database.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const from = process.env['INIT_CWD'] ?? process.cwd();
const all = ['test/postgres', 'test/data-plane', 'test/control-plane'].map((path) => join(root, path));
const asked = process.argv.length > 2 ? process.argv.slice(2).map((path) => resolve(from, path)) : all;
const isOwn = (path: string) => relative(join(root, 'test/postgres'), path).split('/')[0] !== '..';

const statuses = [await test(asked.filter(isOwn)), await testOnDatabase(asked.filter((path) => !isOwn(path)))];
process.exitCode = statuses.every((status) => status === 0) ? 0 : 1;

/** The tests in these files and folders, by servers that have a database each. */
async function testOnDatabase(paths: readonly string[]): Promise<number> {
  if (paths.length === 0 || !havePostgres(paths.map((path) => relative(root, path)).join(', '))) return 0;
  // The databases are made and dropped by the hundred, and none of these tests cuts the power.
  const inMemory = '/dev/shm';
  await using cluster = await startPostgres({
    ...(existsSync(inMemory) && { parent: inMemory }),
    settings: ['max_connections = 300'],
  });
  return await test(paths, { [serverVariable]: cluster.url });
}

async function test(paths: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<number> {
  if (paths.length === 0) return 0;
  const child = spawn(process.execPath, [join(root, 'tools/test.ts'), ...paths], {
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  await once(child, 'exit');
  return child.exitCode ?? 1;
}
