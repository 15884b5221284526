import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { notRun } from '../not-run.ts';
import type { Agent } from './agent.ts';
import type { Row } from './core-rows.ts';
import { testInLab } from './in-lab.ts';
import type { Lab } from './lab.ts';
import { places, workloads } from './namespaces.ts';
import { bareRead, inSubnet, reads } from './sightings.ts';

/** The number of ptrace(2) on each architecture of Node. */
const ptraceNumber = new Map<string, number>([
  ['x64', 101],
  ['arm64', 117],
]).get(process.arch);

/** PTRACE_SEIZE: it does not stop the other process, and ends with the tracer. perl-base is on every Debian. */
function ptraceSeize(pid: number): readonly string[] {
  return ['perl', '-e', `syscall(${ptraceNumber}, 0x4206, ${pid}, 0, 0) == 0 or die "$!\\n"`];
}

async function isForbidden(agent: Agent, ...command: readonly string[]): Promise<void> {
  const { exitCode, stdout, stderr } = await agent.run(...command);
  assert.notEqual(exitCode, 0, `${command.join(' ')} succeeded: ${stdout}`);
  assert.match(stderr, /not permitted|[Pp]ermission denied/, command.join(' '));
}

/** Every means by which one process looks into another, or ends it. */
async function cannotTouch(agent: Agent, pid: number): Promise<void> {
  await isForbidden(agent, 'head', '-c', '1', `/proc/${pid}/mem`);
  await isForbidden(agent, 'cat', `/proc/${pid}/environ`);
  await isForbidden(agent, 'ls', `/proc/${pid}/fd`);
  await isForbidden(agent, 'nsenter', '-t', String(pid), '-n', 'true');
  await isForbidden(agent, 'sh', '-c', `kill -KILL ${pid}`);
  if (ptraceNumber !== undefined) await isForbidden(agent, ...ptraceSeize(pid));
}

function statusOf(pid: number, key: string): readonly string[] {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${key}:`));
  return (line ?? '').split(/\s+/).slice(1).filter(Boolean);
}

const noCapability = ['0000000000000000'];

async function cannotLeave(lab: Lab, agent: Agent): Promise<void> {
  const other = lab.networks.of('greenApp');
  await isForbidden(agent, 'ip', 'netns', 'exec', other, 'true');
  await isForbidden(agent, 'nsenter', `--net=/run/netns/${other}`, 'true');
  await isForbidden(agent, 'nsenter', `--net=/run/netns/${lab.networks.of('blue')}`, 'true');
  // Root of a new user namespace has no power over anything that existed before.
  await isForbidden(agent, 'unshare', '-Ur', 'nsenter', `--net=/run/netns/${other}`, 'true');
  await isForbidden(agent, 'unshare', '-Ur', 'ip', 'addr', 'add', '10.0.0.5/32', 'dev', 'eth0');
  await isForbidden(agent, 'ip', 'addr', 'add', '10.0.0.5/32', 'dev', 'eth0');
  await isForbidden(agent, 'ip', 'link', 'set', 'eth0', 'down');
  await isForbidden(agent, 'perl', '-e', 'use Socket; socket(my $s, AF_INET, SOCK_RAW, 6) or die "$!\\n"');
}

const rows: readonly Row[] = [
  {
    name: 'a workload has a uid of its own, no capability, and no way to gain one',
    see(lab) {
      for (const name of workloads) {
        const { uid } = places[name];
        const agent = lab.workloads[name];
        assert.equal(agent.uid, uid);
        assert.deepEqual(statusOf(agent.pid, 'Uid'), [uid, uid, uid, uid].map(String));
        assert.deepEqual(statusOf(agent.pid, 'Groups'), []);
        assert.deepEqual(statusOf(agent.pid, 'NoNewPrivs'), ['1']);
        for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
          assert.deepEqual(statusOf(agent.pid, set), noCapability, `${name} ${set}`);
        }
      }
      return Promise.resolve();
    },
  },
  {
    name: "the vault's worker has a uid of its own, no group and no capability",
    see({ postern }) {
      const pid = postern.workerPid;
      const [uid, ...others] = statusOf(pid, 'Uid').map(Number);
      assert.ok(uid !== undefined && uid !== 0);
      assert.deepEqual(others, [uid, uid, uid]);
      assert.ok(!Object.values(places).some((place) => place.uid === uid));
      assert.deepEqual(statusOf(pid, 'Groups'), []);
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) {
        assert.deepEqual(statusOf(pid, set), noCapability, set);
      }
      return Promise.resolve();
    },
  },
  {
    name: 'a workload can neither leave its namespace nor take an address that it was not given',
    async see(lab) {
      const rule = lab.administrator.subnetId('green', 'apps');
      await lab.administrator.setRules({ subnets: [rule] });
      const { blueApp } = lab.workloads;
      await cannotLeave(lab, blueApp);
      for (const address of ['10.0.0.5', '10.0.1.4', '203.0.113.7']) {
        const { answer } = await bareRead(lab, blueApp, { from: { address } });
        assert.deepEqual(answer, { code: 'EADDRNOTAVAIL' }, address);
      }
      await reads(lab, 'blueApp', { origin: inSubnet('blueApp'), decision: { because: 'noVirtualNetworkRule' } });
      await reads(lab, 'greenApp', { origin: inSubnet('greenApp'), decision: { rule } });
    },
  },
  {
    name: 'a workload sees the processes of its own PID namespace and no others',
    async see(lab) {
      const { stdout } = await lab.workloads.blueApp.run('sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" "\\n"');
      assert.ok(stdout.includes(lab.kit.program));
      assert.ok(!stdout.includes('supervisor') && !stdout.includes(lab.dataDir), stdout);
      assert.equal(stdout.split(lab.kit.program).length, 2, 'its own program, once');
    },
  },
  {
    name: "a workload that sees the other workloads' processes cannot look into any of them",
    async see(lab) {
      const stranger = await lab.startAgent('blueApp', { ownPids: false });
      const victim = lab.workloads.greenApp.pid;
      for (const pid of [victim, lab.postern.workerPid, lab.postern.pid]) await cannotTouch(stranger, pid);

      // Only the uid keeps them apart: with the victim's uid, in another network, all of it would be open.
      const twin = await lab.startAgent('blueApp', { ownPids: false, uid: places.greenApp.uid });
      const { stdout, exitCode } = await twin.run('cat', `/proc/${victim}/environ`);
      assert.ok(exitCode === 0 && stdout.includes('NODE_EXTRA_CA_CERTS'));
      if (ptraceNumber === undefined)
        notRun('ptrace of another workload', `its number on ${process.arch} is not known`);
      else assert.deepEqual(await twin.run(...ptraceSeize(victim)), { exitCode: 0, stdout: '', stderr: '' });
      await isForbidden(twin, 'nsenter', '-t', String(victim), '-n', 'true');
    },
  },
  {
    name: "workloads cannot open the supervisor's control socket or the vault's files",
    async see(lab) {
      const { blueApp } = lab.workloads;
      const { connected, ended } = await blueApp.dial({ path: lab.ready.controlSocket });
      assert.deepEqual({ connected, ended }, { connected: false, ended: 'EACCES' });
      for (const file of ['master.key', 'connection.json', 'postern.db', 'audit/audit.jsonl']) {
        await isForbidden(blueApp, 'cat', join(lab.dataDir, file));
      }
    },
  },
  {
    name: "the worker's uid opens neither the control socket nor a namespace, nor looks into the supervisor",
    async see(lab) {
      const uid = Number(statusOf(lab.postern.workerPid, 'Uid')[0]);
      assert.notEqual(uid, 0);
      const asWorker = await lab.startAgent('blueApp', { ownPids: false, uid });
      const { connected, ended } = await asWorker.dial({ path: lab.ready.controlSocket });
      assert.deepEqual({ connected, ended }, { connected: false, ended: 'EACCES' });
      await cannotLeave(lab, asWorker);
      await cannotTouch(asWorker, lab.postern.pid);
      await isForbidden(asWorker, 'ls', dirname(lab.ready.controlSocket));
      // The data folder is its own.
      assert.equal((await asWorker.run('cat', join(lab.dataDir, 'connection.json'))).exitCode, 0);
    },
  },
];

testInLab('escapes from a workload', rows);
