/** A workload in a terminal: the keys, job control and the prompt. */
import assert from 'node:assert/strict';
import { spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
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
  screen = '';

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
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
      await once(terminal.child, 'close');
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
    await once(terminal.child, 'close');
    assert.equal(terminal.child.exitCode, 3);
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
    await once(control.child, 'close');
    if (!control.screen.includes('did'))
      notRun('typing into a terminal', `needs dev.tty.legacy_tiocsti=1: ${control.screen}`);
  });
}

/** Time for a process to be in the foreground, which no output tells. */
function quiet(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 300);
  });
}
