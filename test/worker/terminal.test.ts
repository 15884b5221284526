/** The server at a terminal that is held. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { test } from 'node:test';

const program = `
  import { writeSync } from 'node:fs';
  import { writeToTerminal } from './src/worker/terminal.ts';
  for (let line = 0; line < 4000; line += 1) writeToTerminal?.('x'.repeat(99) + '\\n');
  writeSync(3, writeToTerminal === undefined ? 'no terminal' : 'not held up');
  process.exit();
`;

function first(stream: Readable): Promise<string> {
  return new Promise((resolve) => {
    stream.once('data', (bytes: Buffer) => resolve(String(bytes)));
  });
}

test('a terminal that nobody reads does not hold up the server', { timeout: 30_000 }, async () => {
  // The output of `script` goes into a pipe that is not read, so that it soon takes nothing more from its terminal.
  const child = spawn('script', ['-qc', `'${process.execPath}' --input-type=module -e "$PROGRAM"`, '/dev/null'], {
    env: { ...process.env, PROGRAM: program },
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
  });
  const said = child.stdio[3];
  assert.ok(said instanceof Readable);
  try {
    assert.equal(await first(said), 'not held up');
  } finally {
    child.stdout?.resume();
    said.destroy();
    child.kill();
  }
});
