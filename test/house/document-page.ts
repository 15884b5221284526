import { posix } from 'node:path';
import type { SourceFile } from './tree.ts';

const pagePath = 'docs/reference/document.md';

/**
 * What is wrong with the page that goes through a document sentence by sentence. It has a heading with a number for each
 * sentence; below it the sentence as a quote, what is done about it, and the tests that show it or what is not yet there.
 */
export function pageFaults(
  page: string,
  sentences: readonly string[],
  files: readonly SourceFile[],
): readonly string[] {
  const sections = [...page.matchAll(/^### (?<number>\d+)\n(?<body>(?:(?!#{2,3} ).*\n?)*)/gm)].map(({ groups }) => ({
    number: Number(groups?.['number']),
    body: groups?.['body'] ?? '',
  }));
  const order = sections.flatMap(({ number }, index) =>
    number === index + 1 ? [] : [`${number} comes where ${index + 1} should be`],
  );
  const uncovered = sentences.slice(sections.length).map((sentence) => `nothing is said of: ${sentence}`);
  const faults = sections.flatMap(({ number, body }) =>
    sectionFaults(body, sentences[number - 1], files).map((fault) => `${number}: ${fault}`),
  );
  return [...order, ...uncovered, ...faults];
}

function sectionFaults(body: string, sentence: string | undefined, files: readonly SourceFile[]): readonly string[] {
  const quote = /^> (.*)$/m.exec(body)?.[1];
  const tests = [...body.matchAll(/^- (.*)$/gm)].map(([, line = '']) => line);
  const isDescribed = /\n\n(?![->*<])[^\n]+\n/.test(body);
  return [
    ...(quote === sentence ? [] : [`it quotes "${quote}", and the document says "${sentence}"`]),
    ...(isDescribed ? [] : ['it does not say what is done']),
    ...(tests.length > 0 || body.includes('**Not yet:**')
      ? []
      : ['it names no test, and does not say that there is none']),
    ...tests.flatMap((line) => testFaults(line, files)),
  ];
}

/** A test is named by its file and its title, as both are in the source. */
function testFaults(line: string, files: readonly SourceFile[]): readonly string[] {
  const { link = '', title = '' } =
    /^\[[^\]]+\]\((?<link>[^)]+)\): (?<ticks>`+)(?<title>.+)\k<ticks>$/.exec(line)?.groups ?? {};
  const path = posix.join(posix.dirname(pagePath), link);
  const file = files.find((one) => one.path === path);
  if (file === undefined || !path.startsWith('test/')) return [`there is no test file ${path}`];
  const isThere = ["'", '"', '`'].some((mark) => file.text.includes(`${mark}${title}${mark}`));
  return isThere ? [] : [`${path} has no test "${title}"`];
}
