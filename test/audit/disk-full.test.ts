import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { notRun } from '../not-run.ts';

/** A new mount namespace: as root, or as root of a user namespace. The mount goes away when the program ends. */
const namespaces = [
  ['unshare', '-m'],
  ['unshare', '-Urm'],
];

const onTinyDisk = 'mount -t tmpfs -o size=64k none "$1" && shift && exec "$@"';

function inNamespace(directory: string, command: readonly string[]) {
  for (const [unshare = '', flag = ''] of namespaces) {
    const mounted = spawnSync(unshare, [flag, 'sh', '-c', onTinyDisk, 'sh', directory, 'true']);
    if (mounted.status !== 0) continue;
    const args = [flag, 'sh', '-c', onTinyDisk, 'sh', directory, ...command];
    return spawnSync(unshare, args, { encoding: 'utf8', timeout: 30_000 });
  }
  return undefined;
}

const scenarios = {
  reads: 'refuses what does not fit, leaves no torn line, and heals when space is back',
  batch: 'takes all of a turn’s records or none',
  changes: 'refuses a change before it begins, and sends off later what had begun',
  retention: 'drops nothing young to make room, and has said before that there is little',
  floods: 'keeps the count of what it could not summarise',
  copies: 'appends to a storage account’s folder all lines or none, and later what did not fit',
};

suite('an audit log on a full disk', () => {
  for (const [scenario, behaviour] of Object.entries(scenarios)) {
    test(behaviour, (t: TestContext) => {
      const directory = mkdtempSync(join(tmpdir(), 'postern-tiny-'));
      t.after(() => rmSync(directory, { recursive: true }));
      const program = new URL('disk-full-scenarios.ts', import.meta.url).pathname;
      const run = inNamespace(directory, [process.execPath, program, directory, scenario]);
      if (run === undefined) {
        notRun(behaviour, 'it needs a tiny tmpfs, and this machine allows no mount namespace');
        return;
      }
      assert.equal(run.stderr, '');
      assert.equal(run.stdout, `${scenario}: done\n`);
      assert.equal(run.status, 0);
    });
  }
});
