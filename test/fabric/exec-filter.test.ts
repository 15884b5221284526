/** The filter of system calls of a workload: its instructions, and what the kernel then refuses. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { whyNoFilter } from '../../src/cli/exec/programs.ts';
import { workloadFilter } from '../../src/cli/exec/workload-filter.ts';
import { notRun } from '../not-run.ts';
import { ExecIn, modes, whyNot, type Mode } from './exec-in.ts';

const [allowed, killed] = ['allowed', 'killed'];
const [EPERM, ENOSYS, ENOTSUP, EAFNOSUPPORT] = [1, 38, 95, 97];
const x64 = { name: 'x64', arch: 0xc0_00_00_3e };
const arm64 = { name: 'arm64', arch: 0xc0_00_00_b7 };

interface Call {
  readonly processor: typeof x64;
  readonly arch?: number;
  readonly number: number;
  readonly arguments?: readonly bigint[];
}

/** Runs the filter as the kernel does (linux/bpf_common.h), for the instructions that it may have. */
function answerTo({ processor, arch = processor.arch, number, arguments: given = [] }: Call): string | number {
  const filter = workloadFilter(processor.name);
  assert.ok(filter !== undefined);
  const view = new DataView(filter.buffer);
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number, true);
  data.setUint32(4, arch, true);
  for (const [index, value] of given.entries()) data.setBigUint64(16 + 8 * index, value, true);
  const jumps: Readonly<Record<number, (value: number, operand: number) => boolean>> = {
    0x15: (value, operand) => value === operand,
    0x35: (value, operand) => value >= operand,
    0x45: (value, operand) => (value & operand) !== 0,
  };
  let accumulator = 0;
  for (let at = 0; at < filter.length; at += 8) {
    const [code, operand] = [view.getUint16(at, true), view.getUint32(at + 4, true)];
    if (code === 0x06) return answers[operand] ?? operand - 0x00_05_00_00;
    if (code === 0x20) accumulator = data.getUint32(operand, true);
    else {
      const jump = jumps[code];
      assert.ok(jump !== undefined, `instruction ${code}`);
      at += 8 * view.getUint8(at + (jump(accumulator, operand) ? 2 : 3));
    }
  }
  return assert.fail('the filter has no end');
}

const answers: Readonly<Record<number, string>> = { [0x7f_ff_00_00]: allowed, [0x80_00_00_00]: killed };

void describe('the filter of a workload', () => {
  it('ends a program of another architecture, and has no x32', () => {
    assert.equal(answerTo({ processor: x64, number: 39 }), allowed);
    assert.equal(answerTo({ processor: x64, arch: 0x40_00_00_03, number: 39 }), killed);
    assert.equal(answerTo({ processor: x64, number: 0x40_00_00_00 + 39 }), ENOSYS);
    assert.equal(answerTo({ processor: arm64, number: 39 }), allowed);
    assert.equal(answerTo({ processor: arm64, arch: 0x40_00_00_28, number: 39 }), killed);
    assert.equal(workloadFilter('ppc64'), undefined);
  });

  it('refuses to type into a terminal, also where the upper half of the argument is not empty', () => {
    for (const [processor, number] of [
      [x64, 16],
      [arm64, 29],
    ] as const) {
      const ioctl = (request: bigint) => answerTo({ processor, number, arguments: [0n, request] });
      for (const refused of [0x5412n, 0x541cn, 0x5423n, 0x7_0000_5412n]) assert.equal(ioctl(refused), EPERM);
      for (const other of [0x5401n, 0x5410n, 0x5411n, 0x5413n, 0x5424n]) assert.equal(ioctl(other), allowed);
    }
  });

  it('refuses a mode that sets an id, and reads it only where the call does', () => {
    const chmods = [
      { processor: x64, number: 90, at: 1 },
      { processor: x64, number: 91, at: 1 },
      { processor: x64, number: 85, at: 1 },
      { processor: x64, number: 133, at: 1 },
      { processor: x64, number: 268, at: 2 },
      { processor: x64, number: 452, at: 2 },
      { processor: x64, number: 258, at: 2 },
      { processor: x64, number: 259, at: 2 },
      { processor: arm64, number: 52, at: 1 },
      { processor: arm64, number: 53, at: 2 },
      { processor: arm64, number: 33, at: 2 },
      { processor: arm64, number: 34, at: 2 },
    ];
    for (const { processor, number, at } of chmods) {
      const withMode = (mode: bigint) =>
        answerTo({ processor, number, arguments: [0, 1, 2].map((index) => (index === at ? mode : 0o7777n - mode)) });
      for (const mode of [0o4755n, 0o2755n, 0o6000n, 0o104_755n]) assert.equal(withMode(mode), EPERM, `${number}`);
      for (const mode of [0o755n, 0o1777n, 0o100_644n]) assert.equal(withMode(mode), allowed, `${number}`);
    }
    for (const [processor, number, at] of [
      [x64, 2, 1],
      [x64, 257, 2],
      [arm64, 56, 2],
    ] as const) {
      const open = (flags: bigint, mode: bigint) =>
        answerTo({ processor, number, arguments: [...Array<bigint>(at).fill(0n), flags, mode] });
      assert.equal(open(0o101n, 0o4755n), EPERM);
      assert.equal(open(0o20_200_000n, 0o2755n), EPERM);
      assert.equal(open(0o101n, 0o755n), allowed);
      assert.equal(open(0o200_000n, 0o4755n), allowed);
    }
  });

  it('refuses a user namespace, and no other flag of a new process', () => {
    for (const [processor, numbers] of [
      [x64, [56, 272]],
      [arm64, [220, 97]],
    ] as const) {
      for (const number of numbers) {
        const withFlags = (flags: bigint) => answerTo({ processor, number, arguments: [flags] });
        for (const flags of [0x1000_0000n, 0x1000_0011n, 0x1002_0000n, 0x1_1000_0000n]) {
          assert.equal(withFlags(flags), EPERM);
        }
        for (const flags of [0x11n, 0x2002_0000n, 0x3d_0f00n, 0x4000_0000n]) assert.equal(withFlags(flags), allowed);
      }
      assert.equal(answerTo({ processor, number: 435 }), ENOSYS);
    }
  });

  it('is missing where setpriv cannot load it, or the processor is another one', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-setpriv-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const [old, present] = [join(folder, 'old'), join(folder, 'present')];
    writeFileSync(old, '--no-new-privs --landlock-access');
    writeFileSync(present, '--no-new-privs --seccomp-filter');
    assert.equal(whyNoFilter(old, 'arm64'), `${old} cannot load one, which takes util-linux 2.41`);
    assert.equal(whyNoFilter(present, 'ppc64'), 'there is none for the processor ppc64');
    assert.equal(whyNoFilter(present, 'x64'), undefined);
  });

  it('leaves the families of sockets that a network namespace keeps apart', () => {
    for (const [processor, number] of [
      [x64, 41],
      [x64, 53],
      [arm64, 198],
      [arm64, 199],
    ] as const) {
      const socket = (family: bigint) => answerTo({ processor, number, arguments: [family] });
      for (const family of [1n, 2n, 10n, 16n, 17n]) assert.equal(socket(family), allowed, `${family}`);
      for (const family of [0n, 3n, 9n, 29n, 38n, 40n, 42n]) assert.equal(socket(family), EAFNOSUPPORT, `${family}`);
    }
  });
});

for (const mode of modes) {
  const title = `the system calls of a workload of a fabric that ${mode === 'root' ? 'root' : 'an ordinary user'} started`;
  const why = whyNot(mode);
  if (why === undefined) void describe(title, () => callTests(mode));
  else notRun(title, why);
}

const isX64 = process.arch === 'x64';
const number = (ofX64: number, ofArm64: number) => (isX64 ? ofX64 : ofArm64);

/** Clone(2) of a process that ends at once. */
function cloned(flags: number): string {
  return `my $p = call(${number(56, 220)}, ${flags}, 0, 0, 0, 0); syscall(${number(231, 94)}, 0) if $p == 0; $p > 0`;
}

/** An attempt is an expression of Perl that is true when it succeeds; with the number of the error that a workload gets. */
const attempts: Readonly<Record<string, readonly [attempt: string, errno: number]>> = {
  'chmod u+s': ['chmod 04755, "f"', EPERM],
  'chmod g+s': ['chmod 02755, "f"', EPERM],
  'fchmod u+s': ['open($h, "<", "f") && chmod 04755, $h', EPERM],
  fchmodat2: ['call(452, -100, "f", 04755, 0) == 0', EPERM],
  open: ['sysopen my $h, "opened", 0101, 04777', EPERM],
  mknod: [`call(${number(259, 33)}, -100, "made", 0104755, 0) == 0`, EPERM],
  openat2: ['call(437, -100, "f", my $how = pack("QQQ", 0, 0, 0), 24) > 0', ENOSYS],
  io_uring: ['call(425, 1, my $parameters = "\\0" x 120) > 0', ENOSYS],
  setxattr: [`call(${number(188, 5)}, "f", "user.postern", "v", 1, 0) == 0`, ENOTSUP],
  'file capability': [
    `call(${number(188, 5)}, "f", "security.capability", my $c = pack("V5", 0x02000001, 1, 0, 0, 0), 20, 0) == 0`,
    ENOTSUP,
  ],
  keyring: [`call(${number(248, 217)}, "user", "postern", "v", 1, -3) > 0`, ENOSYS],
  'user namespace of a child': [cloned(0x10_00_00_11), EPERM],
  clone3: [
    `my $p = call(435, my $how = pack("Q11", (0) x 4, 17, (0) x 6), 88); syscall(${number(231, 94)}, 0) if $p == 0; $p > 0`,
    ENOSYS,
  ],
  'session keyring': [`call(${number(250, 219)}, 0, -3, 0) > 0`, ENOSYS],
  // The last, for a process without a uid in its namespace can do little.
  'user namespace': [`call(${number(272, 97)}, 0x10000000) == 0`, EPERM],
};

/** Outside, these take root. */
const onlyRoot = new Set(['file capability']);

const ordinary = {
  'chmod 1755': 'chmod 01755, "f"',
  'open for reading': 'sysopen my $h, "f", 0, 04777',
  mkdir: 'mkdir "folder", 0777',
  'a child': cloned(17),
  'a file table of its own': `call(${number(272, 97)}, 0x400) == 0`,
  'a socket': 'socket(my $s, 2, 1, 0) && socket(my $u, 1, 1, 0) && socketpair(my $a, my $b, 1, 1, 0)',
  'a link, a time': 'symlink("f", "link") && utime(1, 2, "f") && rename("f", "f")',
};

/** Perl's own does not take constants. */
const call = 'sub call { my ($number, @given) = @_; syscall $number, @given }\n';

const program = (all: Readonly<Record<string, string>>): string =>
  Object.entries(all)
    .map(([name, attempt]) => `$! = 0; print "${name}: ", (eval { ${attempt} } ? "done" : $! + 0), "\\n";`)
    .join('\n');

function callTests(mode: Mode): void {
  let world: ExecIn;
  let outside: string;
  before(async () => {
    world = await ExecIn.start(mode);
    outside = mkdtempSync(join(tmpdir(), 'postern-calls-'));
  });
  after(async () => {
    rmSync(outside, { recursive: true });
    await world[Symbol.asyncDispose]();
  });

  it('set no id, store no attribute and reach no keyring; outside they succeed', async () => {
    const make = 'umask 0; open my $f, ">", "f"; close $f;\n';
    const script =
      call + make + program(Object.fromEntries(Object.entries(attempts).map(([name, [attempt]]) => [name, attempt])));
    const { stdout, stderr } = await world.run(['perl', '-e', script]);
    const expected = Object.entries(attempts).map(([name, [, errno]]) => `${name}: ${errno}\n`);
    assert.deepEqual([stdout, stderr], [expected.join(''), '']);
    const control = spawnSync('perl', ['-e', script], { cwd: outside, encoding: 'utf8' });
    const isRoot = process.geteuid?.() === 0;
    for (const [name = '', result] of control.stdout
      .trim()
      .split('\n')
      .map((line) => line.split(': '))) {
      if (isRoot || !onlyRoot.has(name)) assert.equal(result, 'done', name);
    }
  });

  it('do what ordinary programs need', async () => {
    const make = 'open my $f, ">", "f"; close $f; rmdir "folder"; unlink "link";\n';
    const expected = Object.keys(ordinary).map((name) => `${name}: done\n`);
    assert.deepEqual(await world.prints(`perl -e '${call}${make}${program(ordinary)}'`), expected.join(''));
  });
}
