import { shellWord } from '../shell-word.ts';
import { groupsOf, nextWords, valueLines } from './words.ts';
import type { CompletedCommand, CompletedOption } from './words.ts';

/** The script for zsh: for a folder of \`fpath\` as the file \`_postern\`, or to be evaluated. */
export function zshScript(all: readonly CompletedCommand[]): string {
  return `#compdef postern
# Completion of postern for zsh: eval "$(postern completion zsh)", after compinit
_postern() {
  local command='' before=$words[CURRENT-1] at
  for ((at = 2; at < CURRENT; at++)); do
    case "$words[at]" in
      --) shift at words; ((CURRENT -= at)); _normal; return ;;
      -*) ;;
      *) if ((at == 2)); then command=$words[2]; elif ((at == 3)); then
           case "$command" in ${groupsOf(all).join('|')}|help) command="$command $words[3]" ;; esac
         fi ;;
    esac
  done
  case "$command $before" in
${valueLines(all, valueCase)}
  esac
  local -a found
  case "$command" in
    '') ((CURRENT == 2)) || return 1
      found=(${described(nextWords(all, undefined))}) ;;
    'help') found=(${described(nextWords(all, undefined))}) ;;
${wordCases(all)}
  esac
  _describe postern found
}
if [ "$funcstack[1]" = _postern ]; then _postern "$@"; else compdef _postern postern; fi
`;
}

/** After an option with a value. */
function valueCase(command: string, { name, summary, takes }: CompletedOption): string {
  if (takes === 'none') return '';
  const pattern = `    ${shellWord(`${command} --${name}`)})`;
  if (typeof takes === 'object') return `${pattern} compadd -- ${takes.map(shellWord).join(' ')}; return ;;`;
  if (takes === 'any') return `${pattern} _message ${shellWord(summary)}; return ;;`;
  return `${pattern} _files${takes === 'folder' ? ' -/' : ''}; return ;;`;
}

function wordCases(all: readonly CompletedCommand[]): string {
  const groups = groupsOf(all);
  const names = new Set([...groups, ...all.map(({ name }) => name)]);
  const helped = groups.map((group) => [`help ${group}`, nextWords(all, group)] as const);
  const found = [...names].map((name) => {
    const own = all.find((command) => command.name === name);
    const words = groups.includes(name) ? nextWords(all, name) : [];
    const options = (own?.options ?? []).map((option) => [`--${option.name}`, option.summary] as const);
    return [name, [...words, ...options]] as const;
  });
  return [...found, ...helped]
    .filter(([, words]) => words.length > 0)
    .map(([name, words]) => `    ${shellWord(name)}) found=(${described(words)}) ;;`)
    .join('\n');
}

/** The words for `_describe`, where a colon ends the word. */
function described(words: readonly (readonly [string, string])[]): string {
  return words.map(([word, summary]) => shellWord(`${word.replaceAll(':', String.raw`\:`)}:${summary}`)).join(' ');
}
