import { readFile, readdir } from 'node:fs/promises';
import { steps as authority } from '../src/authority/pipeline.ts';
import { ownSteps, sentSteps, trialSteps } from '../src/control-plane/pipeline.ts';
import { referenceSteps } from '../src/data-plane/deployment-secret.ts';
import { steps as dataPlane } from '../src/data-plane/pipeline.ts';
import { steps as graph } from '../src/graph/pipeline.ts';
import { markdownTable } from './markdown-table.ts';

type Rows = (typeof dataPlane)['rows'];

interface Pipeline {
  readonly title: string;
  /** The room with the functions of its steps. */
  readonly room: string;
  readonly rows: Rows;
  /** The same steps in another order or selection, for requests that come another way. */
  readonly variants?: readonly { readonly what: string; readonly rows: Rows }[];
}

const pipelines: readonly Pipeline[] = [
  {
    title: 'The vaults',
    room: 'data-plane',
    rows: dataPlane.rows,
    variants: [{ what: 'A secret that a deployment refers to', rows: referenceSteps.rows }],
  },
  {
    title: 'The resource manager',
    room: 'control-plane',
    rows: sentSteps.rows,
    variants: [
      { what: 'What a deployment or another operation asks for', rows: ownSteps.rows },
      { what: 'What is only tried (validate, what-if)', rows: trialSteps.rows },
    ],
  },
  { title: 'Graph', room: 'graph', rows: graph.rows },
  { title: 'The authority', room: 'authority', rows: authority.rows },
];

/** The comments around the generated tables. */
const marks = { begin: '<!-- begin: npm run check -- --write -->', end: '<!-- end -->' };

/** The page `docs/explanation/requests.md` with tables of the pipelines' present steps. */
export async function withStepTables(page: string): Promise<string> {
  const [before, rest] = page.split(marks.begin);
  const after = rest?.split(marks.end)[1];
  if (before === undefined || after === undefined) {
    throw new Error(
      `docs/explanation/requests.md has no place for the tables of steps: ${marks.begin} and ${marks.end}`,
    );
  }
  const sections = await Promise.all(pipelines.map(sectionOf));
  return [before, marks.begin, '\n\n', sections.join('\n'), '\n', marks.end, after].join('');
}

async function sectionOf({ title, room, rows, variants = [] }: Pipeline): Promise<string> {
  const source = await sourceOf(room);
  const described = rows.map(({ name, by, once }) => [`\`${name}\`${once ? ', once' : ''}`, summaryOf(by, source)]);
  const others = variants.map(({ what, rows: taken }) => `\n${what}: ${taken.map(({ name }) => name).join(' → ')}\n`);
  const heading = `**${title}** ([\`${room}/pipeline.ts\`](../../src/${room}/pipeline.ts))\n`;
  return [heading, '\n', markdownTable(['step', 'what it finds out'], described), ...others].join('');
}

async function sourceOf(room: string): Promise<string> {
  const folder = new URL(`../src/${room}/`, import.meta.url);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.ts'));
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')));
  return texts.join('');
}

/** The first sentence of a function's doc comment. */
function summaryOf(name: string, source: string): string {
  const commented = new RegExp(
    String.raw`/\*\*(?<comment>(?:(?!\*/)[^])*)\*/\n(?:export )?(?:async )?function ${name}\b`,
  ).exec(source);
  const words = commented?.groups?.['comment']?.replaceAll(/\s*\n\s*\*\s*/g, ' ').trim() ?? '';
  const sentence = /^.*?\.(?=\s|$)/.exec(words)?.[0];
  if (sentence === undefined) throw new Error(`the step of the function '${name}' has no doc comment`);
  return sentence.slice(0, -1);
}
