import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Machine, programEnvironment } from '../../src/fabric/machine.ts';
import { whyNotInLab } from '../network/in-lab.ts';
import { notRun } from '../not-run.ts';
import { postern } from './fabric-lab.ts';
import { leftOf } from './left.ts';
import { putNetwork, subnetAt, testAtSite } from './site.ts';

const oneWeb = { web: subnetAt('10.1.0.0/24', 'endpoint') };
const ownMounts = ['unshare', '--mount', '--propagation', 'private'];
/** With limits of its own, which a user namespace may set for those inside. */
const ownLimits = [...ownMounts, '--user', '--map-users=all', '--map-groups=all'];

/** Runs a script of the shell that takes something away, and then a command, in namespaces of its own. */
function without(script: string, command: readonly string[], within: readonly string[] = ownMounts): string {
  const [program = '', ...parameters] = [...within, 'sh', '-euc', `${script}\nexec "$@"`, 'sh', ...command];
  const { stdout, stderr } = spawnSync(program, parameters, {
    encoding: 'utf8',
    cwd: join(import.meta.dirname, '../..'),
  });
  return stdout + stderr;
}

/** A command that is on this machine, where scripts and links may have led to it. */
const found = (name: string): string => `"$(readlink -f "$(command -v ${name})")"`;

function rowAsRoot(title: string, see: () => void): void {
  const why = whyNotInLab();
  if (why === undefined) test(title, see);
  else notRun(title, why);
}

rowAsRoot('a program that is missing is named, and its package', () => {
  const data = mkdtempSync(join(tmpdir(), 'postern-limits-'));
  const packages = {
    ip: 'iproute2',
    ss: 'iproute2',
    nft: 'nftables',
    conntrack: 'conntrack',
    nsenter: 'util-linux',
    unshare: 'util-linux',
    setpriv: 'util-linux',
  };
  try {
    for (const [name, wanted] of Object.entries(packages)) {
      const said = without(`mount --bind /dev/null ${found(name)}`, [postern, 'net', 'up', '--data', data]);
      assert.equal(
        said,
        `error: There is no ${name} on this machine.\nhint: Install it: sudo apt-get install ${wanted}\n`,
      );
    }
  } finally {
    rmSync(data, { recursive: true });
  }
});

rowAsRoot('a limit of namespaces is named', () => {
  const start = (user: string): readonly string[] => ['runtime/node', 'test/fabric/start-internet.ts', user];
  const limit = (name: string): string => `mount -t tmpfs none /run; echo 0 >/proc/sys/user/${name}`;
  for (const name of ['max_user_namespaces', 'max_net_namespaces', 'max_mnt_namespaces']) {
    const said = without(limit(name), start('user'), ownLimits);
    assert.match(said, /^A user namespace for the fabric failed: unshare: .*No space left on device\n/);
    assert.match(said, new RegExp(`sudo sysctl -w .*user\\.${name}=15000`));
  }
  const said = without(limit('max_net_namespaces'), start('root'), ownLimits);
  assert.match(said, /^The internet of the fabric failed: .*"pt-000000-internet": No space left on device/);
  assert.match(said, /sudo sysctl -w user\.max_net_namespaces=65536/);
});

testAtSite('a kernel or disk that lacks something is an error that says so, and nothing is left', async (lab, row) => {
  await putNetwork(lab, 'blue', { space: '10.1.0.0/16', subnets: oneWeb });
  const up = [postern, 'net', 'up', '--data', lab.dataDir];
  const shim = 'echo "Error: cache initialization failed: Protocol not supported" >&2; exit 1';
  const lacks: Readonly<Record<string, readonly [string, RegExp, RegExp]>> = {
    'a kernel without nftables': [
      `mount -t tmpfs none /mnt; printf '#!/bin/sh\\n%s\\n' '${shim}' >/mnt/nft; chmod 755 /mnt/nft; mount --bind /mnt/nft ${found('nft')}`,
      /^error: nft in pt-[0-9a-f]{6}-\S+ failed: Error: cache initialization failed: Protocol not supported$/m,
      /^hint: The kernel lacks nftables, .* load nf_tables,/m,
    ],
    'a full disk': [
      'mount -t tmpfs -o size=64k none /run/postern-net',
      /^error: The files of the fabric cannot be written \(\/run\/postern-net\/[0-9a-f]{6}\): ENOSPC/m,
      /^hint: Its disk is full: make room on it\.$/m,
    ],
    'a disk that is only read': [
      'mount -t tmpfs -o ro none /run/postern-net',
      /^error: The files of the fabric cannot be written \(\/run\/postern-net\): EROFS/m,
      /^hint: Its disk must have room, and be writable for this user\.$/m,
    ],
  };
  // Another fabric that ends removes the folder if it is empty, and with it what is mounted on it here (rmdir(2), mount_namespaces(7)).
  const held = `/run/postern-net/held-by-${process.pid}`;
  mkdirSync(held, { recursive: true, mode: 0o711 });
  try {
    for (const [what, [script, error, hint]] of Object.entries(lacks)) {
      await row(what, async () => {
        const said = without(script, up);
        assert.match(said, error);
        assert.match(said, hint);
        assert.deepEqual(await leftOf(lab), []);
      });
    }
  } finally {
    rmSync(held, { recursive: true });
  }
});

testAtSite('a "net up" that cannot take over ends, and leaves what there is to the next one', async (lab) => {
  await putNetwork(lab, 'blue', { space: '10.1.0.0/16', subnets: oneWeb });
  await lab.up();
  const { namespace } = await lab.join('blue/web');
  await lab.kill();
  const broken = `mount --bind /bin/false ${found('nft')}`;
  const said = without(broken, [postern, 'net', 'up', '--data', lab.dataDir]);
  assert.match(said, /^What an earlier "postern net up" built stays: "postern net down" removes it\.$/m);
  await lab.up();
  assert.ok(lab.namespaces().includes(namespace));
});

testAtSite('a small subnet without a free address says so', async (lab) => {
  await putNetwork(lab, 'blue', { space: '10.1.0.0/16', subnets: { web: subnetAt('10.1.0.0/29', 'endpoint') } });
  await lab.up();
  for (const address of ['10.1.0.4', '10.1.0.5', '10.1.0.6'])
    assert.equal((await lab.join('blue/web')).address, address);
  assert.equal((await lab.join('blue/web')).message, 'All addresses of blue/web are taken.');
  const status = await lab.status();
  assert.equal(status.networks[0]?.subnets[0]?.workloads.length, 3);
});

test('a process without a free descriptor starts no program, says so, and goes on', async () => {
  const machine = new Machine({ environment: programEnvironment(), anchor: undefined });
  const descriptors: number[] = [];
  try {
    for (;;) descriptors.push(openSync('/dev/null', 'r'));
  } catch (error) {
    assert.match(String(error), /EMFILE/);
    await assert.rejects(machine.outside(['true']), {
      message: 'The start of true failed: spawn true EMFILE',
      hint: 'Raise the limit of open files: ulimit -n 65536',
    });
  } finally {
    for (const each of descriptors) closeSync(each);
  }
  assert.equal((await machine.outside(['true'])).status, 0);
});
