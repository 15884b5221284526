import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { startPostern } from '../../src/in-process/imported.ts';
import type { Postern } from '../../src/in-process/postern.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

describe('the environment for a child process', () => {
  let postern: Postern;
  before(async () => {
    postern = await startPostern();
  });
  after(() => postern.stop());

  it('lets an unmodified program in Node find names, authority and identity', async () => {
    const env = { ...postern.env, KEYVAULT_URL: postern.vaultUrl('open') };
    const { stdout } = await run(process.execPath, [join(root, 'examples/javascript/app.mjs')], { env });
    assert.equal(stdout, 'hello from the open vault\n');
    // The vault refuses the same program: its rules hold for it too.
    const locked = { ...postern.env, KEYVAULT_URL: postern.vaultUrl('demo') };
    const refused = await run(process.execPath, [join(root, 'examples/javascript/app.mjs')], { env: locked });
    assert.match(refused.stdout, /Client address: 203\.0\.113\.1\r/);
  });

  it('goes on after a reset', async () => {
    await postern.reset();
    const env = { ...postern.env, KEYVAULT_URL: postern.vaultUrl('open') };
    const { stdout } = await run(process.execPath, [join(root, 'examples/javascript/app.mjs')], { env });
    assert.equal(stdout, 'hello from the open vault\n');
  });

  it('works for the command line too', async () => {
    const { stdout } = await run(join(root, 'bin/postern'), ['explain', '--vault', 'demo', '--from', '203.0.113.7'], {
      env: { ...postern.env, NODE_OPTIONS: '' },
    });
    assert.match(stdout, /^Allowed: 203\.0\.113\.7 is in ipRules\[0\]/);
  });

  it('keeps the options of Node that are inherited', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-options-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const preloaded = join(folder, 'preloaded.mjs');
    writeFileSync(preloaded, "console.log('preloaded');");
    const program = `
      import { startPostern } from '${join(root, 'src/in-process/imported.ts')}';
      await using postern = await startPostern();
      console.log(postern.env.NODE_OPTIONS);`;
    const file = join(folder, 'program.mts');
    writeFileSync(file, program);
    const { stdout } = await run(process.execPath, [file], {
      env: { PATH: process.env['PATH'], NODE_OPTIONS: `--import=${preloaded}` },
    });
    const [first, second = ''] = stdout.split('\n');
    assert.equal(first, 'preloaded');
    assert.match(second, new RegExp(`^--import=${preloaded} --import=file:///.*/register\\.ts$`));
  });
});
