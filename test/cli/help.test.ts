/** `test/house/generated.test.ts` compares help.txt and wrong-usage.txt, which have what the command line says to people. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { allCommands } from '../../src/cli/commands.ts';

it('the help says the shape of the JSON of each command', async () => {
  const all = await allCommands();
  for (const { name, flags } of all) assert.match(flags?.['json'] ?? '', /^(?:as JSON|failures as JSON)[:,;]/, name);
});
