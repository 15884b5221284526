import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Machine, programEnvironment } from '../../src/fabric/machine.ts';

test('what a program prints is read whole, or not at all', async () => {
  const machine = new Machine({ environment: programEnvironment(), anchor: undefined });
  const print = (mebibytes: number) => machine.outside(['head', '-c', `${mebibytes}M`, '/dev/zero']);
  const { status, output } = await print(8);
  assert.deepEqual([status, output.length], [0, 8 * 1024 * 1024]);
  const { status: failed, errors } = await print(65);
  assert.notEqual(failed, 0);
  assert.match(errors, /it printed more than 67108864 bytes/);
});
