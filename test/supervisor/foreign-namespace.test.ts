/** Root opens listeners in the namespace of a process whose user chose everything in it. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { notRun } from '../not-run.ts';
import { mayAdminister, type Namespace } from '../../src/supervisor/namespace-files.ts';
import { openInNamespace, type NamespaceSockets } from '../../src/supervisor/namespace-socket.ts';

const uid = 61_111;
const asOther = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'];
const title = 'root opens listeners in a namespace of another user without running there';
const places = [{ address: '0.0.0.0', port: 80 }];

/** In a user namespace of that user: `ip` and all of /run are their own, and one name is a link to another. */
const theirs = `
  ip link set lo up
  mount -t tmpfs none /run && mkdir /run/netns
  ip netns add place
  ln -s place /run/netns/link
  mknod /run/netns/fifo p
  printf '#!/bin/sh\\nid -u >>"$0.ran"\\nexec "$@"\\n' >"$1/ip" && chmod 755 "$1/ip"
  mount --bind "$1/ip" "$(command -v ip)"
  echo up && exec cat`;

interface Theirs {
  readonly pid: number;
  /** The file that their `ip` writes when it runs. */
  readonly ran: string;
}

async function start(t: TestContext): Promise<Theirs> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-theirs-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  spawnSync('chown', [`${uid}:${uid}`, folder]);
  const command = [...asOther, 'unshare', '-Urnm', 'sh', '-euc', theirs, 'sh', folder];
  const [first = '', ...parameters] = command;
  const holder = spawn(first, parameters, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => holder.stdin.end());
  await once(holder.stdout, 'data');
  return { pid: holder.pid ?? 0, ran: join(folder, 'ip.ran') };
}

interface Tried {
  readonly opened: NamespaceSockets;
  /** The user and mount namespaces of the process that opened the sockets; none, if there was no such process. */
  readonly within: readonly string[];
}

/** Opens a listener by a child that writes down where it is. */
async function open(t: TestContext, namespace: Namespace): Promise<Tried> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-opener-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [preload, seen] = [join(folder, 'seen.cjs'), join(folder, 'seen')];
  const links = `['user', 'mnt'].map((name) => readlinkSync('/proc/self/ns/' + name)).join('\\n')`;
  writeFileSync(
    preload,
    `const { readlinkSync, writeFileSync } = require('node:fs'); writeFileSync(${JSON.stringify(seen)}, ${links});`,
  );
  const environment = { PATH: process.env['PATH'], NODE_OPTIONS: `--require=${preload}` };
  const opened = await openInNamespace({ namespace, places, environment });
  if (opened.ok) t.after(() => opened.sockets.forEach((socket) => socket.ok && socket.socket.close()));
  return { opened, within: existsSync(seen) ? readFileSync(seen, 'utf8').split('\n') : [] };
}

const own = () => ['user', 'mnt'].map((name) => readlinkSync(`/proc/self/ns/${name}`));

async function opensFromOutside(t: TestContext, namespace: (pid: number) => Namespace): Promise<void> {
  const { pid, ran } = await start(t);
  const { opened, within } = await open(t, namespace(pid));
  assert.deepEqual(opened.ok && opened.sockets.map(({ ok }) => ok), [true], JSON.stringify(opened));
  assert.deepEqual(within, own());
  assert.equal(existsSync(ran), false, 'root ran a program of theirs');
}

const canTry =
  process.geteuid?.() === 0 &&
  mayAdminister(readFileSync('/proc/self/status', 'utf8')) &&
  spawnSync('setpriv', [...asOther.slice(1), 'unshare', '-Urnm', 'ip', 'link']).status === 0;

if (canTry) {
  test(`${title}: by its process`, (t) => opensFromOutside(t, (pid) => ({ pid })));
  test(`${title}: by a name that it has there`, (t) => opensFromOutside(t, (pid) => ({ pid, name: 'place' })));

  test('of the names of another user, root opens only namespaces, and follows no link', async (t) => {
    const { pid } = await start(t);
    const rows = [
      ['link', /^the namespace cannot be entered: \/run\/netns\/link is not a namespace$/],
      ['fifo', /^the namespace cannot be entered: \/run\/netns\/fifo is not a namespace$/],
      ['none', /^the namespace cannot be entered: ENOENT/],
    ] as const;
    for (const [name, message] of rows) {
      const { opened, within } = await open(t, { pid, name });
      assert.match(opened.ok ? 'opened' : opened.message, message);
      assert.deepEqual(within, [], name);
    }
  });
} else notRun(title, 'this needs root, and users who may make user namespaces');

test('who may administer a system is read from its status', () => {
  assert.equal(mayAdminister('Name:\tnode\nCapEff:\t000001ffffffffff\n'), true);
  assert.equal(mayAdminister('CapPrm:\t000001ffffffffff\nCapEff:\t0000000000000000\n'), false);
  // All but CAP_SYS_ADMIN, and CAP_SYS_ADMIN alone.
  assert.equal(mayAdminister('CapEff:\t000001ffffdfffff\n'), false);
  assert.equal(mayAdminister('CapEff:\t0000000000200000\n'), true);
  assert.equal(mayAdminister(''), false);
});
