import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { targetOf } from '../test/fuzz/targets.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

/**
 * Has Jazzer.js (libFuzzer) search for inputs by the code that they reach. It instruments JavaScript, so everything is
 * compiled first. Returns its exit code; it prints where an input that it found is.
 */
export async function guided(name: string, minutes: number): Promise<number> {
  const compiled = join(root, 'dist/fuzz');
  rmSync(compiled, { recursive: true, force: true });
  const tsc = [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'test/fuzz/tsconfig.json')];
  const { status } = spawnSync(process.execPath, tsc, { stdio: 'inherit' });
  if (status !== 0) return status ?? 1;
  const folder = mkdtempSync(join(tmpdir(), `postern-fuzz-${name}-`));
  const corpus = join(folder, 'corpus');
  mkdirSync(corpus);
  const { inputs, close } = await targetOf(name).samples();
  for (const [index, input] of inputs.entries()) writeFileSync(join(corpus, `sample-${index}`), input);
  await close?.();
  const jazzer = join(root, 'node_modules/@jazzer.js/core/dist/cli.js');
  const program = join(compiled, 'test/fuzz/guided-target.js');
  const libFuzzer = [`-max_total_time=${Math.round(minutes * 60)}`, '-timeout=60', `-artifact_prefix=${folder}/`];
  console.log(`${name}: what is found will be in ${folder}`);
  const run = spawnSync(process.execPath, [jazzer, program, corpus, '--', '-max_len=65536', ...libFuzzer], {
    stdio: 'inherit',
    env: { ...process.env, FUZZ_TARGET: name },
  });
  return run.status ?? 1;
}
