import { posix } from 'node:path';
import type { SourceFile } from './tree.ts';

/** The relative links of a Markdown file that lead nowhere, each with what it wanted. */
export function deadLinks(document: SourceFile, files: readonly SourceFile[]): readonly string[] {
  const prose = document.text.replaceAll(/^```.*?^```$/gms, '').replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^()\s]+)\)/g)].flatMap(([, link = '']) => {
    if (/^(?:[a-z]+:|\/\/)/i.test(link)) return [];
    const [target = '', anchor] = link.split('#');
    const path = target === '' ? document.path : posix.join(posix.dirname(document.path), target);
    const found = files.find((file) => file.path === path);
    const isFolder = files.some((file) => file.path.startsWith(`${path.replace(/\/$/, '')}/`));
    if (found === undefined) return isFolder ? [] : [`${document.path}: there is no file ${path} (${link})`];
    if (anchor === undefined || !path.endsWith('.md')) return [];
    return anchors(found.text).has(anchor) ? [] : [`${document.path}: ${path} has no heading #${anchor}`];
  });
}

/** The names that a heading gets as an anchor: lower case, without punctuation, hyphens for spaces. */
function anchors(markdown: string): ReadonlySet<string> {
  const headings = markdown.matchAll(/^#+ +(.*)$/gm);
  const name = (heading: string) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
  return new Set([...headings].map(([, heading = '']) => name(heading.trim())));
}

/** An edge's `errors.ts`: refusal kind → what the wire says. */
export type ErrorTable = Readonly<Record<string, object>>;

/**
 * How `docs/reference/errors.md` and the tables in `errors.ts` differ. An edge's section is the one whose heading has the room's
 * name in backticks. Its rows begin with a refusal kind in backticks, and name the status and each code of the table.
 */
export function errorsUndocumented(markdown: string, tables: ReadonlyMap<string, ErrorTable>): readonly string[] {
  const sections = new Map(
    [...markdown.matchAll(/^#+ .*`(?<room>[a-z-]+)\/?`.*\n(?<body>(?:(?!#).*\n?)*)/gm)].map(({ groups }) => [
      groups?.['room'] ?? '',
      rowsOf(groups?.['body'] ?? ''),
    ]),
  );
  const missing = [...tables].flatMap(([room, table]) => {
    const rows = sections.get(room);
    if (rows === undefined) return [`docs/reference/errors.md has no section whose heading names \`${room}\``];
    const wrong = Object.entries(table).flatMap(([kind, entry]) =>
      differences(`${room}: ${kind}`, entry, rows.get(kind)),
    );
    const gone = [...rows.keys()].filter((kind) => !Object.hasOwn(table, kind));
    return wrong.concat(gone.map((kind) => `${room}: ${kind} is in docs/reference/errors.md, and not in errors.ts`));
  });
  const strangers = [...sections.keys()].filter((room) => !tables.has(room));
  return [...missing, ...strangers.map((room) => `docs/reference/errors.md speaks of ${room}, which has no errors.ts`)];
}

function rowsOf(section: string): ReadonlyMap<string, string> {
  const rows = section.matchAll(/^\| *`(?<kind>[^`]+)` *\|(?<rest>.*)$/gm);
  return new Map([...rows].map(({ groups }) => [groups?.['kind'] ?? '', groups?.['rest'] ?? '']));
}

function differences(name: string, entry: object, row: string | undefined): readonly string[] {
  if (row === undefined) return [`${name} is in errors.ts, and not in docs/reference/errors.md`];
  const words = new Set([...row.matchAll(/[\w.]+/g)].map(([word]) => word));
  return Object.entries(entry).flatMap(([property, value]) =>
    /^status$|^(?:inner)?error$|code$/i.test(property) &&
    (typeof value === 'string' || typeof value === 'number') &&
    !words.has(`${value}`)
      ? [`${name}: docs/reference/errors.md does not say that its ${property} is ${value}`]
      : [],
  );
}

/** How the folders of `src/`, the matrix and ARCHITECTURE.md differ in the rooms that they know. */
export function roomsUnknown(
  rooms: readonly string[],
  files: readonly SourceFile[],
  architecture: string,
): readonly string[] {
  const folders = new Set(files.flatMap(({ path }) => /^src\/([^/]+)\//.exec(path)?.[1] ?? []));
  return [
    ...rooms.filter((room) => !folders.has(room)).map((room) => `tools/rooms.ts has ${room}, and src/ does not`),
    ...[...folders]
      .filter((room) => !rooms.includes(room))
      .map((room) => `src/ has ${room}, and tools/rooms.ts does not`),
    ...rooms
      .filter((room) => !architecture.includes(`\`${room}/\``))
      .map((room) => `ARCHITECTURE.md does not describe \`${room}/\``),
  ];
}
