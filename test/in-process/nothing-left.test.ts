import assert from 'node:assert/strict';
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { programUrl } from '../../src/programs/programs.ts';

const run = promisify(execFile);
const entry = join(import.meta.dirname, '../../src/in-process/imported.ts');

/** Each program ends by itself: what it had left open would keep it, until it is killed and the test fails. */
describe('nothing is left', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-left-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function outputOf(program: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const all = `import { startPostern } from '${entry}';\n${program}`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', all], {
      env: { PATH: process.env['PATH'], TMPDIR: folder, ...env },
      timeout: 30_000,
    });
    return stdout;
  }

  it('of a start that was refused', async () => {
    const printed = await outputOf(`
      for (const options of [{ config: { limit: {} } }, { vaults: { a: {} } }, { identities: { a: { clientSecret: null } } }])
        await startPostern(options).catch(({ message }) => console.log(message));`);
    assert.equal(printed.match(/^startPostern: (config|vaults\.a|identities\.a\.clientSecret): /gm)?.length, 3);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('of a start whose environment cannot be made', async () => {
    const printed = await outputOf(`await startPostern().catch(({ message }) => console.log(message));`, {
      NODE_EXTRA_CA_CERTS: join(folder, 'missing.pem'),
    });
    assert.match(printed, /missing\.pem/);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('of resets and a stop that are not waited for', async () => {
    const printed = await outputOf(`
      const postern = await startPostern();
      const ended = await Promise.allSettled([postern.reset(), postern.reset(), postern.advance(1), postern.stop()]);
      console.log(ended.map(({ status, reason }) => reason?.message ?? status).join());
      await postern.reset().catch(({ message }) => console.log(message));`);
    assert.equal(printed, 'fulfilled,fulfilled,fulfilled,fulfilled\nthe server was stopped\n');
    assert.deepEqual(readdirSync(folder), []);
  });

  it('of a child process whose program ends while it starts', async () => {
    const env = { PATH: process.env['PATH'], TMPDIR: folder };
    const child = fork(programUrl('server-child'), [], { env, execArgv: [], serialization: 'advanced' });
    child.send({ id: 1, call: 'start', options: {} });
    while (child.exitCode === null && readdirSync(folder).length === 0)
      await new Promise((resolve) => setTimeout(resolve, 1));
    child.disconnect();
    assert.deepEqual(await once(child, 'exit', { signal: AbortSignal.timeout(30_000) }), [0, null]);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('of a child process that was killed', async () => {
    const printed = await outputOf(`
      const { openServerInChild } = await import('${join(import.meta.dirname, '../../src/in-process/child.ts')}');
      const { readFileSync } = await import('node:fs');
      const server = await openServerInChild({});
      const [child] = readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8').split(' ');
      process.kill(Number(child), 'SIGKILL');
      await server.recorded().catch(() => console.log('refused'));
      await server.stop();
      console.log('stopped');`);
    assert.equal(printed, 'refused\nstopped\n');
    assert.deepEqual(readdirSync(folder), []);
  });
});
