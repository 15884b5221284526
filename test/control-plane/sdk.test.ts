import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startWithGroup } from './resources.ts';

const programs = {
  'the official clients make, change, list, delete, recover and purge vaults and networks': 'management',
  'the official client deploys templates': 'deployments',
} as const;

for (const [what, name] of Object.entries(programs)) {
  test(what, async () => {
    await using world = await startWithGroup();
    const { client, folder } = world;
    const program = join(import.meta.dirname, `sdk/${name}.ts`);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program], {
      env: {
        ...process.env,
        NODE_EXTRA_CA_CERTS: join(folder.path, 'ca.pem'),
        POSTERN_TEST: JSON.stringify({ ...client.identity, home: client.home }),
      },
      timeout: 120_000,
    });
    assert.deepEqual({ stdout, stderr }, { stdout: 'done\n', stderr: '' });
  });
}
