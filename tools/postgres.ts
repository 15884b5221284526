/**
 * `npm run postgres`: what takes real databases, and longer than `npm test` may: servers that are killed, cut off and
 * replaced, and everything once more through PgBouncer. `npm run postgres -- test/postgres/failover.test.ts` runs single
 * files. It starts Debian's PostgreSQL and PgBouncer itself; without them its tests say that they were not run.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const asked = process.argv.slice(2);
const test = join(root, 'tools/test.ts');
const { status } = spawnSync(process.execPath, [test, ...(asked.length > 0 ? asked : [join(root, 'test/postgres')])], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
