import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { missingForLab } from '../network/lab.ts';
import { notRun } from '../not-run.ts';

const root = join(import.meta.dirname, '../..');
const title = 'an ordinary user has a fabric too, with the server as an ordinary process';
/** A uid that no account has; root changes to it to be an ordinary user. */
const uid = 61_111;

/** Runs the rest as an ordinary user, in a checkout that this user can reach. */
function asUser(checkout: string, command: string): readonly string[] {
  if (process.geteuid?.() !== 0) return ['sh', '-euc', command];
  const user = `setpriv --reuid=${uid} --regid=${uid} --clear-groups --`;
  const bind = `mount --bind "$1" "$2" && cd "$2" && exec ${user} sh -euc "$3"`;
  return ['unshare', '--mount', 'sh', '-euc', bind, 'sh', root, checkout, command];
}

/** Why it cannot be tried: a user may be forbidden user namespaces, and a checkout may be closed to others. */
function whyNot(checkout: string): string | undefined {
  const why = missingForLab();
  if (why !== undefined) return why;
  const tried = 'test -x runtime/node && unshare --user --map-root-user --mount --net true';
  const [first = '', ...parameters] = asUser(checkout, tried);
  const { status, stderr } = spawnSync(first, parameters, { cwd: root, encoding: 'utf8' });
  return status === 0 ? undefined : `no user namespace, or the checkout is closed to other users: ${stderr.trim()}`;
}

const folder = mkdtempSync(join(tmpdir(), 'postern-rootless-net-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
spawnSync('chmod', ['755', folder]);
const why = whyNot(folder);
if (why === undefined) {
  test(title, async () => {
    const [first = '', ...parameters] = asUser(folder, 'exec runtime/node test/fabric/rootless-net.ts');
    const child = spawn(first, parameters, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    const exitStatus = await new Promise((resolve) => {
      child.once('close', resolve);
    });
    assert.deepEqual(printed.split('\n').filter(Boolean), [
      'seen: each network is its own',
      'seen: a switched endpoint changes the way',
      'seen: a killed reconciler is followed by another',
      'seen: down after a kill leaves nothing',
    ]);
    assert.equal(exitStatus, 0);
  });
} else notRun(title, why);
