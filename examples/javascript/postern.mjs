import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

export async function startServer(...options) {
  const command = ['start', '--json', '--memory', '--port', '0', ...options];
  const child = spawn('./bin/postern', command, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit').then(() => assert.fail('the server did not start'));
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), ended]);
  const ready = JSON.parse(line);
  setDefaultCACertificates([...getCACertificates(), readFileSync(ready.caFile, 'utf8')]);
  const stop = async () => {
    child.kill();
    await once(child, 'exit');
  };
  return { ...ready, [Symbol.asyncDispose]: stop };
}
