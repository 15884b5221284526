/** The machine's terminals, queues and cgroups, as a workload has them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { cgroupFolders } from '../../src/cli/exec/mounts.ts';
import { terminalUse } from '../../src/cli/exec/relay.ts';
import { notRun } from '../not-run.ts';
import { ended, ExecIn, modes, whyNot, type Mode } from './exec-in.ts';

void describe('the devices of a workload', () => {
  it('show on a terminal, and take keys only where no other program of a pipeline may want them', () => {
    for (const [areTerminals, hasControlling, expected] of [
      [[true, true, true], true, 'types'],
      [[true, true, false], false, 'types'],
      [[true, false, true], true, 'shows'],
      [[false, true, true], true, 'shows'],
      [[false, false, true], false, 'shows'],
      [[false, false, false], true, 'shows'],
      [[false, false, false], false, 'none'],
    ] as const) {
      assert.equal(terminalUse(areTerminals, hasControlling), expected, `${areTerminals.join()} ${hasControlling}`);
    }
  });

  it('have the cgroups of both versions, and no other mount', () => {
    const mounts = [
      'sysfs /sys sysfs rw 0 0',
      'cgroup2 /sys/fs/cgroup/unified cgroup2 rw,nosuid 0 0',
      'cgroup /sys/fs/cgroup/net_cls,net_prio cgroup rw 0 0',
      'cgroup2 /srv/$(id)/cgroup cgroup2 rw 0 0',
      'cgroup /sys/fs/cgroup/$(id) tmpfs rw 0 0',
      'tmpfs /sys/fs/cgroup tmpfs rw 0 0',
      '',
    ];
    const folders = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup/net_cls,net_prio'];
    assert.deepEqual(cgroupFolders(mounts.join('\n')), folders);
    assert.deepEqual(cgroupFolders('cgroup2 /sys/fs/cgroup cgroup2 rw 0 0'), ['/sys/fs/cgroup']);
  });
});

for (const mode of modes) {
  const title = `the devices of a workload of a fabric that ${mode === 'root' ? 'root' : 'an ordinary user'} started`;
  const why = whyNot(mode);
  if (why === undefined) void describe(title, () => deviceTests(mode));
  else notRun(title, why);
}

function deviceTests(mode: Mode): void {
  let world: ExecIn;
  before(async () => {
    world = await ExecIn.start(mode);
  });
  after(() => world[Symbol.asyncDispose]());

  it('are terminals of its own, of which it cannot take all that the machine has', async () => {
    const most = Number(readFileSync('/proc/sys/kernel/pty/max', 'utf8'));
    const take =
      'my @taken; while (@taken < 9999 && open my $t, "+<", "/dev/ptmx") { push @taken, $t } print @taken + 0';
    const taken = await world.run(['perl', '-e', take]);
    assert.deepEqual([taken.status, taken.stdout, taken.stderr], [0, '256', '']);
    assert.ok(most > 256);
    assert.equal(await world.prints('ls /dev/pts'), 'ptmx\n');
  });

  if (mode === 'root') {
    it('are queues of its own', async () => {
      const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty', 'ptmx'];
      const script = [
        'mount -t tmpfs -o mode=755 none /mnt && mkdir /mnt/mqueue /mnt/shm /mnt/pts',
        `for d in ${devices.join(' ')}; do : >/mnt/$d && mount --bind /dev/$d /mnt/$d; done`,
        'ln -s /proc/self/fd /mnt/fd && mount --move /mnt /dev',
        'mount -t mqueue none /dev/mqueue && : >/dev/mqueue/of-the-machine && "$@"; ls /dev/mqueue',
      ];
      const apart = ['unshare', '--mount', '--propagation', 'slave', '--ipc', 'sh', '-c', script.join(' && '), 'sh'];
      const line = world.line(['sh', '-c', 'ls /dev/mqueue; : >/dev/mqueue/made && ls /dev/mqueue; echo ended']);
      const { stdout, stderr } = await ended(world.startLine([...apart, ...line], {}));
      assert.deepEqual([stdout, stderr], ['made\nended\nof-the-machine\n', '']);
    });
  }

  it('are cgroups that the processes of its user cannot be ended through', async (t) => {
    const isMounted = cgroupFolders(readFileSync('/proc/self/mounts', 'utf8')).length > 0;
    if (!isMounted) return notRun(t.name, 'needs cgroups at /sys/fs/cgroup');
    const options = mode === 'root' ? { env: { SUDO_UID: '61346', SUDO_GID: '61346' }, cwd: tmpdir() } : {};
    const mounts = await world.run(['cat', '/proc/self/mounts'], options);
    const found = cgroupFolders(mounts.stdout);
    assert.notEqual(found.length, 0, mounts.stderr);
    const lines = mounts.stdout.split('\n').map((line) => line.split(' '));
    for (const folder of found) {
      const mount = lines.findLast(([, target]) => target === folder);
      assert.match(mount?.[3] ?? '', /^ro,/, folder);
    }
  });
}
