/** A fenced block of a Markdown page. */
export interface Block {
  /** The line of its fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** The heading of level 1 or 2 above it. */
  readonly section: string;
  /** Whether nothing but white space and a line of prose that ends in a colon is between it and the block before. */
  readonly follows: boolean;
  /** The file that the reader is to make of it: "Save this as `postern.json`:". */
  readonly savedAs: string | undefined;
}

/** The fenced blocks of a page, in order. */
export function blocksOf(markdown: string): readonly Block[] {
  const blocks: Block[] = [];
  let [section, end] = ['', 0];
  for (const found of markdown.matchAll(
    /^##? (?<heading>.*)$|^```(?<language>[\w-]*)\n(?<text>(?:(?!```).*\n)*)```$/gm,
  )) {
    const { heading, language, text = '' } = found.groups ?? {};
    if (heading !== undefined) {
      section = heading;
      continue;
    }
    const between = markdown.slice(end, found.index).trim();
    end = found.index + found[0].length;
    blocks.push({
      line: markdown.slice(0, found.index).split('\n').length,
      language: language ?? '',
      text,
      section,
      follows: blocks.length > 0 && (between === '' || /^[^\n]+:$/.test(between)),
      savedAs: /\bSave this as `([^`\n]+)`:$/.exec(between)?.[1],
    });
  }
  return blocks;
}

/** A command of a page, and what the page says it prints; `undefined` where the page does not say. */
export interface Step {
  readonly line: number;
  readonly section: string;
  readonly command: string;
  readonly shown: string | undefined;
}

/**
 * The commands and files that a reader types, in order. A block `sh` is one step, which must succeed; a block of the type
 * `text` after it is its output. In a block `console` a line that begins with `$ ` is a command, followed by its output.
 * For a block `yaml`, the commands of its job are typed.
 */
export function stepsOf(blocks: readonly Block[]): readonly Step[] {
  return blocks.flatMap((block, index) => {
    const { line, section, text } = block;
    if (block.language === 'console') return typed(block);
    if (block.language === 'yaml') return runs(block);
    if (block.language !== 'sh') return [];
    const next = blocks[index + 1];
    const shown = next?.language === 'text' && next.follows ? next.text : undefined;
    return [{ line, section, command: text, shown }];
  });
}

function typed({ line, section, text }: Block): readonly Step[] {
  const lines = text.split('\n');
  const starts = lines.flatMap((each, index) => (each.startsWith('$ ') ? [index] : []));
  return starts.map((start, index) => {
    const mine = lines.slice(start, starts[index + 1] ?? lines.length);
    const length = mine.findIndex((each) => !each.endsWith('\\')) + 1;
    const command = mine.slice(0, length).join('\n').slice(2);
    return { line: line + start + 1, section, command, shown: mine.slice(length).join('\n') };
  });
}

/** The commands `run:` of a job of GitHub Actions: each in a shell of its own, that hands variables on by a file. */
function runs({ line, section, text }: Block): readonly Step[] {
  const found = text.matchAll(/^(?<margin> *)(?:- )?run: (?:\|\n(?<script>(?:\k<margin> +.*\n)+)|(?<command>.*)\n)/gm);
  return Array.from(found, ({ index, groups }) => ({
    line: line + text.slice(0, index).split('\n').length,
    section,
    command: groups?.['command'] ?? `bash -e <<'RUN'\n${groups?.['script'] ?? ''}RUN\nset -a; . "$GITHUB_ENV"; set +a`,
    shown: undefined,
  }));
}

/**
 * Whether a command printed what its page shows. There `…` is anything in its line, and any lines where it is alone; ids,
 * versions and times are any others.
 */
export function isShown(shown: string, printed: string): boolean {
  const lines = shown.trimEnd().split('\n');
  const pattern = lines.map((line) => (line.trim() === '…' ? '(?:.*\\n)*' : `${patternOf(line)}\\n`));
  return new RegExp(`^${pattern.join('')}$`).test(`${printed.trimEnd()}\n`);
}

const variable: readonly (readonly [form: string, pattern: string])[] = [
  ['\\b[0-9a-f]{8}-…', '[0-9a-f]{8}-.*'],
  ['…', '.*'],
  ['[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}', '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}'],
  ['\\b[0-9a-f]{32}\\b', '[0-9a-f]{32}'],
  ['\\b\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z', '\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z'],
  ['\\b1\\d{9}\\b', '\\d{10}'],
];

const variables = new RegExp(variable.map(([form]) => `(${form})`).join('|'), 'g');

function patternOf(line: string): string {
  let [pattern, end] = ['', 0];
  for (const found of line.matchAll(variables)) {
    const kind = found.slice(1).findIndex((group) => group !== undefined);
    pattern += literally(line.slice(end, found.index)) + (variable[kind]?.[1] ?? '');
    end = found.index + found[0].length;
  }
  return pattern + literally(line.slice(end));
}

function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
