import { groupsOf, nextWords } from './words.ts';
import type { CompletedCommand, CompletedOption } from './words.ts';

/** The script for fish: to be evaluated, or as `postern.fish` in its folder `completions`. */
export function fishScript(all: readonly CompletedCommand[]): string {
  const groups = groupsOf(all);
  const firsts = nextWords(all, undefined);
  return `# Completion of postern for fish: postern completion fish | source
function __postern_at
    set -l words (commandline -opc)[2..-1]
    contains -- -- $words; and return 1
    if test (count $argv) -eq 0
        test (count $words) -eq 0
        return
    end
    set -l own (string match --invert -- '-*' $words)
    test (count $own) -ge (count $argv); or return 1
    test "$own[1..$(count $argv)]" = "$argv"; or return 1
    # After a group comes its second word.
    not contains -- "$argv" ${['help', ...groups].join(' ')}; or test (count $own) -eq (count $argv)
end
function __postern_program
    contains -- -- (commandline -opc)
end
complete -c postern -f
complete -c postern -n __postern_program -F
complete -c postern -n __postern_program -a '(__fish_complete_command)'
${firsts.map(([word, summary]) => lineFor([], word, summary)).join('\n')}
complete -c postern -n '__postern_at' -l help -d 'Prints the help'
complete -c postern -n '__postern_at' -l version -d 'Prints the version'
${firsts.map(([word, summary]) => lineFor(['help'], word, summary)).join('\n')}
${groups.flatMap((group) => wordsOf(all, group)).join('\n')}
${all.flatMap(({ name, options }) => options.map((option) => optionFor(name, option))).join('\n')}
`;
}

function wordsOf(all: readonly CompletedCommand[], group: string): readonly string[] {
  return nextWords(all, group).flatMap(([word, summary]) => [
    lineFor([group], word, summary),
    lineFor(['help', group], word, summary),
  ]);
}

function lineFor(before: readonly string[], word: string, summary: string): string {
  return `complete -c postern -n ${quoted(['__postern_at', ...before].join(' '))} -a ${quoted(word)} -d ${quoted(summary)}`;
}

function optionFor(command: string, { name, summary, takes }: CompletedOption): string {
  const line = `complete -c postern -n ${quoted(`__postern_at ${command}`)} -l ${quoted(name)} -d ${quoted(summary)}`;
  if (takes === 'none') return line;
  if (takes === 'any') return `${line} -x`;
  if (takes === 'file') return `${line} -r -F`;
  return takes === 'folder'
    ? `${line} -x -a '(__fish_complete_directories)'`
    : `${line} -x -a ${quoted(takes.join(' '))}`;
}

/** In fish's apostrophes only those two are escaped. */
function quoted(words: string): string {
  return `'${words.replaceAll('\\', String.raw`\\`).replaceAll("'", String.raw`\'`)}'`;
}
