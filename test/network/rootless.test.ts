import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { notRun } from '../not-run.ts';
import { coreRows } from './core-rows.ts';
import { missingForLab } from './lab.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const program = relative(root, fileURLToPath(import.meta.resolve('./rootless-rows.ts')));
const title = 'an ordinary user makes the same world in a user namespace, and sees the same';
/** A uid that no account has; root changes to it to be an ordinary user. */
const uid = 61_110;
const asNobody = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'];

/**
 * The commands around the rows. A user namespace with one uid, with all capabilities over what is made inside it but
 * without being root, so that Postern runs as under any user; `/run` is its own, for the names of namespaces.
 */
function ordinaryUser(checkout: string, command: string): readonly string[] {
  const inside = `mount -t tmpfs none /run && mkdir /run/netns && ${command}`;
  const own = ['unshare', '--user', '--map-current-user', '--keep-caps', '--net', '--mount', 'sh', '-euc', inside];
  if (process.geteuid?.() !== 0) return own;
  // The checkout may be where others cannot go: it is bound to a place that they can reach.
  const bind = 'mount --bind "$1" "$2" && cd "$2" && shift 2 && exec "$@"';
  return ['unshare', '--mount', 'sh', '-euc', bind, 'sh', root, checkout, ...asNobody, ...own];
}

async function run(
  command: readonly string[],
): Promise<{ readonly exitCode: unknown; readonly lines: readonly string[] }> {
  const [first = '', ...parameters] = command;
  const child = spawn(first, parameters, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const exitCode = await new Promise((resolve) => {
    child.once('close', resolve);
  });
  return { exitCode, lines: text.split('\n').filter((line) => line.startsWith('seen: ')) };
}

/** Why it cannot be tried: a user may be forbidden user namespaces, and a checkout may be closed to others. */
function whyNot(checkout: string): string | undefined {
  const why = missingForLab();
  if (why !== undefined) return why;
  const [first = '', ...parameters] = ordinaryUser(checkout, 'test -r package.json -a -x runtime/node');
  const { status, stderr } = spawnSync(first, parameters, { cwd: root, encoding: 'utf8' });
  return status === 0 ? undefined : `no user namespace, or the checkout is closed to other users: ${stderr.trim()}`;
}

const folder = mkdtempSync(join(tmpdir(), 'postern-rootless-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
spawnSync('chmod', ['755', folder]);
const why = whyNot(folder);
if (why === undefined) {
  test(title, async () => {
    const { exitCode, lines } = await run(ordinaryUser(folder, `exec runtime/node ${program}`));
    assert.deepEqual(
      lines,
      coreRows.map(({ name }) => `seen: ${name}`),
    );
    assert.equal(exitCode, 0);
  });
} else notRun(title, why);
