/** `test/house/generated.test.ts` compares help.txt and wrong-usage.txt, which have what the command line says to people. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { allCommands } from '../../src/cli/commands.ts';

it('the help says the shape of the JSON of each command', async () => {
  const all = await allCommands();
  for (const { name, flags } of all) assert.match(flags?.['json'] ?? '', /^(?:as JSON|failures as JSON)[:,;]/, name);
});

/** They print as they go, or wait for what a person types. */
const withoutProgress = new Set(['activity', 'log', 'audit query', 'audit tail', 'secret set']);

it('a command about a vault says at a terminal what it waits for, in words of its own', async () => {
  const all = await allCommands();
  const ofVaults = all.filter(({ name, options }) => 'vault' in options && !withoutProgress.has(name));
  assert.ok(ofVaults.length > 10);
  for (const { name, progress } of ofVaults) assert.match(progress ?? '', /^[A-Z][a-z]+ing\b/, name);
});
