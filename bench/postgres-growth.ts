/**
 * The cost of a vault's size where the store is PostgreSQL: what `vault.ts` measures, by a server whose database is in the
 * folder for temporary files. `npm run bench -- postgres-growth 5 1000000 100000`
 */
import { spawnSync } from 'node:child_process';
import { startPostgres } from '../test/postgres/cluster.ts';
import { serverVariable } from '../test/world/database.ts';

await using cluster = await startPostgres();
const { status } = spawnSync(process.execPath, [`${import.meta.dirname}/vault.ts`, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, [serverVariable]: cluster.url },
});
process.exitCode = status ?? 1;
