/**
 * `npm run fuzz -- NAME --minutes N`: runs one fuzzer until it finds something or the time is over. `--seed S` makes
 * the same inputs again, `--input FILE` reads one; `--guided` has Jazzer.js choose them by the code that they reach.
 * Without a name it lists the fuzzers.
 */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzz, keep } from '../test/fuzz/fuzz.ts';
import { guided } from './fuzz-guided.ts';
import { targets } from '../test/fuzz/targets.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    input: { type: 'string' },
    guided: { type: 'boolean', default: false },
  },
});
const [name = ''] = positionals;
const minutes = Number(options.minutes);

if (targets[name] === undefined || !(minutes > 0)) {
  console.log('npm run fuzz -- NAME --minutes N [--seed S | --input FILE | --guided], with one of the names:');
  console.log(`  ${Object.keys(targets).join(' ')}`);
  process.exitCode = 1;
} else if (options.guided) {
  process.exitCode = await guided(name, minutes);
} else {
  const seed = options.seed === undefined ? randomInt(2 ** 31) : Number(options.seed);
  // Relative to where `npm run fuzz` was called, because npm starts it elsewhere.
  const from = process.env['INIT_CWD'] ?? process.cwd();
  const input = options.input === undefined ? undefined : readFileSync(resolve(from, options.input));
  console.log(`${name}: seed ${seed}, ${minutes} minutes`);
  let seconds = 0;
  const [result] = await fuzz({ names: [name], seed, minutes, input }, (count) => {
    seconds += 1;
    if (seconds % 30 === 0) console.log(`${name}: ${count} inputs`);
  });
  const { count = 0, slowestMs = 0, failure } = result ?? {};
  console.log(`${name}: ${count} inputs, seed ${seed}; the slowest took ${slowestMs.toFixed(0)} ms of processor time`);
  if (result !== undefined && failure !== undefined) console.log(`\n${keep(result)}`);
  process.exitCode = failure === undefined ? 0 : 1;
}
