/** A process of its own, started inside a user namespace: runs the rows there, and reports each on a line. */
import { coreRows } from './core-rows.ts';
import { Lab } from './lab.ts';

await using lab = await Lab.make();
for (const { name, see } of coreRows) {
  await see(lab);
  process.stdout.write(`seen: ${name}\n`);
}
