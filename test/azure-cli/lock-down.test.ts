import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { text } from 'node:stream/consumers';
import { notRun } from '../not-run.ts';
import { azIsInstalled } from './az.ts';
import { warmAz } from './warm.ts';

const title = "the document's steps, typed into the real Azure CLI";
const script = join(import.meta.dirname, '../../examples/azure-cli/lock-down.sh');

const why = reasonNotToRun();
if (why !== undefined) notRun(title, why);
else
  describe(title, () => {
    it('works from signing in to the purge of the vault, and refuses what the document refuses', async () => {
      // The script ends with an error at the first answer that is not what it says.
      const shim = join(import.meta.dirname, 'shim');
      using warm = await warmAz({ pythonPath: shim });
      const env = { ...process.env, ...warm.environment, PYTHONPATH: shim };
      const run = spawn(script, { env, stdio: ['ignore', 'pipe', 'pipe'] });
      const ended = new Promise<number | null>((resolve) => {
        run.on('close', resolve);
      });
      const [shown, errors, status] = await Promise.all([text(run.stdout), text(run.stderr), ended]);
      assert.equal(status, 0, `${shown.slice(-3000)}\n${errors}`);
      assert.match(shown, /\nEverything was as it should be: \d+ commands\.\n$/);
    });
  });

function reasonNotToRun(): string | undefined {
  if (!azIsInstalled()) return 'there is no az on PATH (Debian: apt-get install azure-cli)';
  const resolved = spawnSync('getent', ['hosts', 'lock-down.vault.localhost'], { stdio: 'ignore' }).status === 0;
  return resolved ? undefined : 'names below localhost are not resolved (Debian: apt-get install libnss-myhostname)';
}
