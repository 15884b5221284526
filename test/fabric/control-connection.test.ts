import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ControlConnection } from '../../src/fabric/control-connection.ts';
import { until } from '../world/process.ts';

/** Accepts connections and reads nothing. */
const supervisor = `require('node:net').createServer({ pauseOnConnect: true }, () => console.log('accepted'))
  .listen(process.argv[1], () => console.log('listening'))`;

test('a supervisor that is killed before it has read a request, or does not answer, ends the connection and nothing else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-control-'));
  const path = join(folder, 'sock');
  const child = spawn(process.execPath, ['--eval', supervisor, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  try {
    await until(() => printed.startsWith('listening'), 'the socket');
    {
      using patient = await ControlConnection.open(path, 100);
      await assert.rejects(
        patient.ask({ list: 'listeners' }),
        /^FabricFailed: The server did not answer for 0\.1 s\.$/,
      );
      await patient.closed();
    }
    printed = '';
    const connection = await ControlConnection.open(path);
    await until(() => printed.includes('accepted'), 'the connection');
    const closed = connection.closed();
    const answer = assert.rejects(connection.ask({ list: 'listeners' }), /The server ended before it answered/);
    // The request is unread, so that the kernel resets the connection: it ends with an error first.
    child.kill('SIGKILL');
    await answer;
    await closed;
    assert.equal(connection.isOpen, false);
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
});
