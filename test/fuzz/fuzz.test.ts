import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fuzz, keep } from './fuzz.ts';
import { mutated } from './mutate.ts';
import { randomOf } from './random.ts';
import { targets, targetOf } from './targets.ts';

/** The same inputs in every run: `npm run fuzz` makes others. */
const seed = 20_261_126;

describe('readers of bytes and strings from outside', () => {
  it('answer or refuse every input, within time and memory', async () => {
    const names = Object.keys(targets).filter((name) => name !== 'requests');
    const results = await fuzz({ names, seed, runs: 400 });
    assert.deepEqual(results.map(keep).filter(Boolean), []);
    assert.deepEqual(
      results.map(({ name }) => name),
      names,
    );
    for (const { name, count } of results) assert.ok(count > 400, `${name} read ${count} inputs`);
  });

  it('answer every request of a client that may do everything', async () => {
    const results = await fuzz({ names: ['requests'], seed, runs: 300 });
    assert.deepEqual(results.map(keep).filter(Boolean), []);
  });
});

describe('a fuzzer', () => {
  it('makes the same inputs from the same seed, and others from another', async () => {
    for (const name of ['proxy', 'token', 'members', 'certificate', 'pkcs12-in-clear', 'expression']) {
      const target = targetOf(name);
      const { inputs } = await target.samples();
      const made = (one: number) =>
        Array.from({ length: 50 }, (_, count) =>
          Buffer.from(mutated(target, inputs, randomOf(one, count))).toString('hex'),
        );
      assert.deepEqual(made(1), made(1), name);
      assert.notDeepEqual(made(1), made(2), name);
      assert.ok(new Set(made(1)).size > 40, name);
    }
  });

  it('leaves some inputs mostly valid, or it would only test immediate refusals', async () => {
    const target = targetOf('pkcs12-in-clear');
    const { inputs } = await target.samples();
    const sequences = Array.from({ length: 200 }, (_, count) => mutated(target, inputs, randomOf(1, count))).filter(
      (bytes) => bytes[0] === 0x30 && bytes[1] === 0x82 && Buffer.from(bytes).readUInt16BE(2) === bytes.length - 4,
    );
    assert.ok(sequences.length > 100, `${sequences.length} of 200 have their true length`);
  });

  it('reports a reader that throws, takes long, never ends or uses up memory, with the input', async () => {
    const module = new URL('faulty-targets.ts', import.meta.url).href;
    const faults: readonly (readonly [name: string, why: RegExp])[] = [
      ['throws', /^Error: a fault that nobody thought of/],
      ['slow', /^it took \d+ ms of processor time, more than 5$/],
      ['endless', /^there was no end to it within 2 s$/],
      ['greedy', /^the thread ended: .*memory limit/],
    ];
    const found = await Promise.all(
      faults.map(([name]) =>
        fuzz({ names: [name], seed, runs: 100_000, module, ...(name === 'endless' && { hangMs: 2_000 }) }),
      ),
    );
    for (const [index, [name, why]] of faults.entries()) {
      const failure = found[index]?.[0]?.failure;
      assert.match(failure?.why ?? '', why, name);
      assert.match(Buffer.from(failure?.input ?? []).toString(), /^\{/, name);
    }
    const [fine] = await fuzz({ names: ['fine'], seed, runs: 100, module });
    assert.deepEqual([fine?.count, fine?.failure], [101, undefined]);
  });

  it('saves the input, and reads it again', async () => {
    const module = new URL('faulty-targets.ts', import.meta.url).href;
    const input = Buffer.from('{"bad":1}');
    const [result] = await fuzz({ names: ['throws'], seed, input, module });
    assert.ok(result !== undefined);
    const [, file = ''] =
      /The input is in (\S+); run it again: npm run fuzz -- throws --input \1/.exec(keep(result)) ?? [];
    assert.deepEqual(readFileSync(file), input);
    rmSync(file);
  });
});
