/** A workload in a terminal: the keys, job control and the prompt. */
import assert from 'node:assert/strict';
import { spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { notRun } from '../not-run.ts';
import { until } from '../world/process.ts';
import { ExecIn, modes, whyNot, type Mode } from './exec-in.ts';

const ctrlC = '\u0003';
const ctrlZ = '\u001A';
const has = (name: string) => spawnSync(name, ['--version']).status === 0;

for (const mode of modes) {
  const title = `a terminal in a workload of a fabric that ${mode === 'root' ? 'root' : 'an ordinary user'} started`;
  const why = has('script') && has('bash') ? whyNot(mode) : 'needs script and bash (Debian: bsdutils, bash)';
  if (why === undefined) void describe(title, () => terminalTests(mode));
  else notRun(title, why);
}

/** A terminal, its keys and its screen. */
class Terminal {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves at its end, which may come before a test waits for it. */
  readonly closed: Promise<unknown>;
  screen = '';

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    this.closed = once(child, 'close');
    child.stdout.on('data', (chunk: Buffer) => (this.screen += chunk.toString()));
  }

  /** Types, and waits for what then appears. */
  async type(keys: string, expected: RegExp | string): Promise<void> {
    const from = this.screen.length;
    this.child.stdin.write(keys);
    const seen = () => this.screen.slice(from);
    await until(
      () => (typeof expected === 'string' ? seen().includes(expected) : expected.test(seen())),
      `${expected}`,
    );
  }
}

function terminalTests(mode: Mode): void {
  let world: ExecIn;
  before(async () => {
    world = await ExecIn.start(mode);
  });
  after(() => world[Symbol.asyncDispose]());

  function open(t: TestContext, command: string, env: Readonly<Record<string, string>> = {}): Terminal {
    const child = world.startLine(['script', '-qec', command, '/dev/null'], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', SHELL: '/bin/sh', TERM: 'dumb', ...env },
    });
    t.after(() => child.kill('SIGKILL'));
    return new Terminal(child);
  }

  const exec = (...command: readonly string[]) => world.line(command).join(' ');

  for (const shell of ['sh', 'bash --norc']) {
    it(`has a prompt that says where it is, and job control, in ${shell}`, async (t) => {
      const terminal = open(t, exec(...shell.split(' ')));
      await terminal.type('', '[prod/web 10.0.0.4] $ ');
      await terminal.type('sleep 1000\n', 'sleep 1000');
      await quiet();
      await terminal.type(ctrlZ, /Stopped/);
      await terminal.type('fg\n', /sleep 1000/);
      await quiet();
      await terminal.type(ctrlC, '[prod/web 10.0.0.4] $ ');
      await terminal.type('echo status-$?\n', 'status-130');
      terminal.child.stdin.write('exit 7\n');
      await terminal.closed;
      assert.equal(terminal.child.exitCode, 7);
    });
  }

  it('is a job of the shell that started it', async (t) => {
    const terminal = open(t, 'bash --norc -i', { PS1: '> ' });
    await terminal.type('', '> ');
    const command = `sh -c 'echo be-gun; while :; do sleep 0.1; done'`;
    await terminal.type(`${world.line([]).join(' ')} ${command}\n`, 'be-gun\r\n');
    await terminal.type(ctrlZ, /Stopped/);
    await terminal.type('fg\n', 'fg\r\n');
    await quiet();
    await terminal.type(ctrlC, '> ');
    await terminal.type('echo status-$?\n', 'status-130');
    terminal.child.stdin.write('exit 3\n');
    await terminal.closed;
    assert.equal(terminal.child.exitCode, 3);
  });

  it('takes no key that is typed into the shell that started it, in the background or after Ctrl-Z', async (t) => {
    // It stays with the terminal in a session of its own, where nothing stops it, and says what it gets.
    const taking = [
      '$SIG{$_} = "IGNORE" for qw(TSTP TTIN TTOU HUP)',
      'if (fork) { sleep 1000 } syscall(SETSID)'.replace('SETSID', process.arch === 'x64' ? '112' : '157'),
      'open my $out, ">>", "taken"; select $out; $| = 1; print "began "',
      'while (sysread STDIN, my $key, 1) { print "<$key>" }',
    ].join('; ');
    const taken = () => readFileSync(join(world.project, 'taken'), 'utf8');
    const env = { PS1: '> ', EXEC: exec(), TAKING: taking };
    for (const [end, typedFirst, expected] of [
      ['', 'x\n', 'began <x><\n>'],
      [' &', '', 'began '],
    ] as const) {
      writeFileSync(join(world.project, 'taken'), '', { mode: 0o666 });
      if (mode === 'rootless') chmodSync(join(world.project, 'taken'), 0o666);
      const terminal = open(t, 'bash --norc -i', env);
      await terminal.type('', '> ');
      await terminal.type(`$EXEC perl -e "$TAKING"${end}\n`, '');
      await until(() => taken().startsWith('began'), 'the program has begun');
      if (end === '') {
        terminal.child.stdin.write(typedFirst);
        await until(() => taken() === expected, 'the program has the first line');
        await terminal.type(ctrlZ, /Stopped/);
      }
      await terminal.type('read -s secret\n', 'read -s');
      await quiet();
      for (const key of 'a-secret') {
        terminal.child.stdin.write(key);
        await quiet(20);
      }
      terminal.child.stdin.write('\n');
      await terminal.type('echo "<$secret>"\n', '<a-secret>');
      assert.equal(taken(), expected);
      // It ignores the end of the terminal, and would outlive the test.
      await terminal.type('kill -9 %1; wait %1; echo gone-$?\n', /gone-\d/);
    }
  });

  it('only shows in a pipeline, without a terminal to read, and Ctrl-C ends all of it', async (t) => {
    const script = 'tty; ls -l /dev/fd/2; echo x 2>&1 >/dev/tty; trap "echo caught >&2; exit 5" INT; sleep 1000 & wait';
    const terminal = open(t, '$EXEC sh -c "$SCRIPT" | cat; echo ended', { EXEC: exec(), SCRIPT: script });
    await terminal.type('', /not a tty\r\n.* -> \/dev\/pts\/0\r\n.*cannot create \/dev\/tty/);
    await quiet();
    await terminal.type(ctrlC, 'caught');
    await terminal.closed;
  });

  it('has the size of the terminal, also after it has changed', async (t) => {
    const script = 'stty size; trap "stty size; exit" WINCH; echo waits | tee waits; while :; do sleep 0.1; done';
    const outer =
      'stty rows 30 cols 100; (until [ -s waits ]; do sleep 0.1; done; stty rows 40 cols 90 </dev/tty) & $EXEC sh -c "$SCRIPT"';
    const terminal = open(t, outer, { EXEC: exec(), SCRIPT: script });
    await terminal.type('', /30 100\r\nwaits\r\n40 90/);
  });

  it('gives the terminal back to a script that started it', async (t) => {
    const terminal = open(t, 'sh -c \'$EXEC sh; echo status-$?; read answer; echo "<$answer>"\'', { EXEC: exec() });
    await terminal.type('', '[prod/web 10.0.0.4] $ ');
    await terminal.type('exit 7\n', 'status-7');
    await terminal.type('still here\n', '<still here>');
  });

  it('cannot be typed into, nor given another discipline, by a workload', async (t) => {
    const attempt = (request: string) =>
      `ioctl(STDIN, ${request}, my $x = pack("i", 0x78)) ? print "did " : print "no-", $! + 0, " "`;
    const script = ['0x5412', '0x541c', '0x5423'].map(attempt).join('; ');
    const terminal = open(t, '$EXEC perl -e "$SCRIPT"', { EXEC: exec(), SCRIPT: script });
    await terminal.type('', 'no-1 no-1 no-1');
    const control = open(t, 'perl -e "$SCRIPT"', { SCRIPT: attempt('0x5412') });
    await control.closed;
    if (!control.screen.includes('did'))
      notRun('typing into a terminal', `needs dev.tty.legacy_tiocsti=1: ${control.screen}`);
  });
}

/** Time for a process to be in the foreground, which no output tells. */
function quiet(forMs = 300): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, forMs);
  });
}
