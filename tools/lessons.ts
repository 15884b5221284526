/**
 * `npm run lessons`: runs the programs of `examples/trusted-services/`, or those that are named, and prints what each shows.
 * `npm run lessons -- --write` writes the table of their outcomes into the page.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { withParts } from './generated-parts.ts';
import { lessons, outcomeTable, runLesson } from './lesson.ts';
import type { Lesson } from './lesson.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean', default: false } },
});
const page = new URL('../examples/trusted-services/README.md', import.meta.url);

const programs = lessons.map(([program]) => program);
const unknown = positionals.filter((name) => !programs.includes(name));
if (unknown.length > 0) {
  console.error(`Not a lesson: ${unknown.join(', ')}. The lessons are ${programs.join(', ')}.`);
  process.exitCode = 64;
}

const chosen = programs.filter(
  (name) => unknown.length === 0 && (positionals.length === 0 || positionals.includes(name)),
);
const ran: Lesson[] = [];
for (const [index, program] of chosen.entries()) {
  console.log(`\n── ${index + 1} of ${chosen.length}: ${program} ──\n`);
  const lesson = await runLesson(program);
  console.log(lesson.said.trimEnd());
  ran.push(lesson);
}
const failed = ran.filter(({ code }) => code !== 0);
if (failed.length > 0) {
  console.error(`\nFailed: ${failed.map(({ program }) => program).join(', ')}`);
  process.exitCode = 1;
} else if (options.write && positionals.length === 0) {
  const parts = new Map([['outcomes', outcomeTable(ran)]]);
  await writeFile(page, withParts(await readFile(page, 'utf8'), parts));
}
