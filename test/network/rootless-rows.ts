/** A process of its own, started inside a user namespace: sees the rows there, and says each on a line. */
import { coreRows } from './core-rows.ts';
import { Lab } from './lab.ts';

await using lab = await Lab.make();
for (const { name, see } of coreRows) {
  await see(lab);
  process.stdout.write(`seen: ${name}\n`);
}
