/** Called by Jazzer.js: runs the fuzzer that `FUZZ_TARGET` names. */
import { targetOf } from './targets.ts';

const { read } = await targetOf(process.env['FUZZ_TARGET'] ?? '').samples();

export async function fuzz(input: Buffer): Promise<void> {
  await read(input);
}
