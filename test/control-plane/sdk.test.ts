import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startWithGroup } from './resources.ts';

const programs = {
  'the official clients make, change, list, delete, recover and purge vaults and networks': new URL(
    'sdk/management.ts',
    import.meta.url,
  ),
  'the official client deploys templates': new URL('sdk/deployments.ts', import.meta.url),
} as const;

for (const [what, program] of Object.entries(programs)) {
  test(what, async () => {
    await using world = await startWithGroup();
    const { client, folder } = world;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [fileURLToPath(program)], {
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
