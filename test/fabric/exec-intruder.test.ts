/** An intruder in a workload: what it cannot reach of its neighbours, of the host and of the fabric. */
import assert from 'node:assert/strict';
import { spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { notRun } from '../not-run.ts';
import { ExecIn, modes, userUid, whyNot, type Mode } from './exec-in.ts';
import { asUser } from './stub-fabric.ts';

for (const mode of modes) {
  const title = `an intruder in a workload of a fabric that ${mode === 'root' ? 'root' : 'an ordinary user'} started`;
  const why = whyNot(mode);
  if (why === undefined) void describe(title, () => intruderTests(mode));
  else notRun(title, why);
}

function intruderTests(mode: Mode): void {
  let world: ExecIn;
  let neighbour: ChildProcessWithoutNullStreams;
  before(async () => {
    world = await ExecIn.start(mode);
    neighbour = world.start(['sh', '-c', 'echo ready; while :; do sleep 1; done'], { env: { NEIGHBOURS_SECRET: 's' } });
    const first: unknown[] = await Promise.race([once(neighbour.stdout, 'data'), once(neighbour, 'close')]);
    assert.equal(String(first[0]), 'ready\n');
  });
  after(async () => {
    neighbour.kill('SIGKILL');
    await once(neighbour, 'close');
    await world[Symbol.asyncDispose]();
  });

  /** Each attempt is a line of shell. Root succeeds with it outside of a workload, or else its failure would show nothing. */
  async function reaches(...attempts: readonly string[]): Promise<void> {
    for (const attempt of attempts) {
      if (process.geteuid?.() === 0) {
        const script = `${copies(world)} && (${attempt}) >/dev/null`;
        const { status, stderr } = spawnSync('unshare', [...ownNamespaces, 'sh', '-c', script], {
          cwd: world.project,
          env: { ...process.env, NEIGHBOURS_SECRET: 's' },
          encoding: 'utf8',
        });
        assert.equal(status, 0, `${attempt}, outside: ${stderr}`);
      }
      await fails(attempt);
    }
  }

  /** Those that cannot succeed outside, for nothing is covered there, or root's namespace is not a user's. */
  async function fails(...attempts: readonly string[]): Promise<void> {
    for (const attempt of attempts) {
      const { stdout, stderr } = await world.run(['sh', '-c', `(${attempt}) >/dev/null && echo reached; echo ended`]);
      assert.equal(stdout, 'ended\n', `${attempt}: ${stderr}`);
    }
  }

  it('does not see a neighbour, and cannot signal or read the process that waits for it', async () => {
    await reaches(
      'for p in /proc/[0-9]*; do tr "\\0" "\\n" <$p/environ; done 2>/dev/null | grep -q NEIGHBOURS_SECRET',
      'head -c 1 /proc/1/environ',
      'exec 3</proc/1/mem',
      'ls /proc/1/root/',
      'readlink /proc/1/fd/0',
      'nsenter -t 1 -m true',
    );
    await fails('kill -9 1; false');
  });

  it('cannot read a neighbour that it would see: its memory, its environment, by ptrace', async () => {
    const pid = processWith('NEIGHBOURS_SECRET=s');
    const uid = Number(/^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
    const groups =
      mode === 'root' ? ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'] : asUser(userUid);
    // The same uid in a user namespace of its own, with the host's processes in sight.
    const sibling = [...groups, 'unshare', '--user', `--map-user=${uid}`, 'sh', '-c'];
    const reads = ['head -c 1 /proc/PID/environ', 'head -c 1 /proc/PID/mem', 'head -c 1 /proc/PID/maps'];
    const follows = ['ls /proc/PID/root/', 'ls /proc/PID/cwd/', 'readlink /proc/PID/fd/0', 'readlink /proc/PID/ns/net'];
    for (const attempt of [...reads, ...follows]) {
      const script = attempt.replace('PID', String(pid));
      const { status, stdout } = spawnSync(sibling[0] ?? '', [...sibling.slice(1), script], { encoding: 'utf8' });
      assert.notEqual(status, 0, attempt);
      assert.equal(stdout, '', attempt);
      assert.equal(
        spawnSync('sh', ['-c', script.replace(/ \S+mem$/, ' /dev/zero')]).status,
        0,
        `${attempt}, from outside`,
      );
    }
    const trace = `import ctypes,sys; sys.exit(0 if ctypes.CDLL(None).ptrace(16, ${pid}, 0, 0) == 0 else 9)`;
    const attached = spawnSync(sibling[0] ?? '', [...sibling.slice(1), `/usr/bin/python3 -c '${trace}'`]);
    if (attached.status === 127) notRun('ptrace of a neighbour', 'needs the Debian package python3');
    else assert.equal(attached.status, 9);
  });

  it('cannot take another address, and no wire or rule of its own', async () => {
    const address = 'ip addr add 10.0.0.9/32 dev lo';
    await reaches(address, 'ip link add x type veth', 'ip link set lo down');
    await fails(`unshare --user --map-root-user ${address}`);
  });

  it('cannot enter a namespace, gain a privilege or mount over what is covered', async () => {
    const { folder } = world.fabric.place;
    const uncover = (what: string) => `unshare --user --map-root-user --mount sh -c '${what}'`;
    await fails(
      uncover('umount postern-data && cat postern-data/connection.json'),
      uncover('mkdir -p made && mount --bind . made && cat made/postern-data/connection.json'),
      uncover('mount -o remount,bind,rw /etc/hosts && echo "127.0.0.1 x" >>/etc/hosts'),
    );
    const enter = `ip netns exec ${world.fabric.namespaces[0]} true`;
    await (mode === 'root' ? reaches(enter) : fails(enter));
    await reaches(
      'ls /run/netns/* /run/postern-net/*/control/* postern-data/connection.json 2>/dev/null | grep .',
      'echo "127.0.0.1 x" >>/etc/hosts',
      `echo x >>${folder}/roots.pem`,
      `cat ${folder}/control/state.json | grep .`,
      'mount -t tmpfs none made',
      'chroot / true',
    );
    const { anchorPid } = world.fabric;
    if (anchorPid !== undefined) await fails(`ls /proc/${anchorPid}/`, `nsenter -t ${anchorPid} -U true`);
  });

  if (mode === 'root') {
    it('does not find the home of root, nor what is beside the given folder', async () => {
      await reaches(`cat ${world.home}/key-of-the-developer`, `ls ${world.home} | grep key`, `touch ${world.home}/x`);
      const above = `cd ${world.project} && cd .. && ls`;
      assert.equal(await world.prints(above), 'project\n');
    });
  }
}

/** Changes outside of a workload end with these. Its first process has the neighbour's variable. */
const ownNamespaces = ['--mount', '--net', '--pid', '--fork', '--mount-proc'];

/** Copies of the files that the attempts write to. */
function copies({ fabric }: ExecIn): string {
  const files = ['/etc/hosts', `${fabric.place.folder}/roots.pem`];
  const copy = (file: string, index: number) => `cp ${file} made/${index} && mount --bind made/${index} ${file}`;
  return ['mkdir -p made', 'mount -t tmpfs none made', ...files.map(copy)].join(' && ');
}

function processWith(variable: string): number {
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .find((pid) => {
      try {
        const isShell = readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('sh\0-c\0echo ready');
        return isShell && readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(variable);
      } catch {
        return false;
      }
    });
  return Number(found);
}
