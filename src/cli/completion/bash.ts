import { groupsOf, nextWords, valueLines } from './words.ts';
import type { CompletedCommand, CompletedOption } from './words.ts';

/** The script for bash, from 3.2 on. It needs nothing of the package bash-completion. */
export function bashScript(all: readonly CompletedCommand[]): string {
  const firsts = nextWords(all, undefined).map(([word]) => word);
  return `# Completion of postern for bash: eval "$(postern completion bash)"
_postern() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command='' IFS=$'\\n' at
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    case "\${COMP_WORDS[at]}" in
      --)
        # A program and its words.
        compopt -o filenames 2>/dev/null
        if ((at == COMP_CWORD - 1)); then COMPREPLY=($(compgen -c -- "$word")); else COMPREPLY=($(compgen -f -- "$word")); fi
        return ;;
      -*) ;;
      *) if ((at == 1)); then command=\${COMP_WORDS[1]}; elif ((at == 2)); then
           case "$command" in ${groupsOf(all).map(quoted).join('|')}|help) command="$command \${COMP_WORDS[2]}" ;; esac
         fi ;;
    esac
  done
  case "$command $before" in
${valueLines(all, valueCase)}
  esac
  case "$command" in
    '') ((COMP_CWORD == 1)) && _postern_words ${firsts.map(quoted).join(' ')} '--help' '--version' ;;
    'help') _postern_words ${firsts.map(quoted).join(' ')} ;;
${groupCases(all)}
${optionCases(all)}
  esac
}
_postern_words() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$*" -- "$word"))
}
complete -F _postern postern
`;
}

/** After an option with a value. */
function valueCase(command: string, { name, takes }: CompletedOption): string {
  if (takes === 'none') return '';
  const pattern = `    ${quoted(`${command} --${name}`)})`;
  if (typeof takes === 'object') return `${pattern} _postern_words ${takes.map(quoted).join(' ')}; return ;;`;
  if (takes === 'any') return `${pattern} return ;;`;
  const kind = takes === 'file' ? '-f' : '-d';
  return `${pattern} compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen ${kind} -- "$word")); return ;;`;
}

function groupCases(all: readonly CompletedCommand[]): string {
  return groupsOf(all)
    .map((group) => {
      const own = all.find(({ name }) => name === group)?.options ?? [];
      const nexts = nextWords(all, group).map(([word]) => word);
      const words = [...nexts, ...own.map(({ name }) => `--${name}`)];
      return `    ${quoted(group)}) _postern_words ${words.map(quoted).join(' ')} ;;\n    ${quoted(`help ${group}`)}) _postern_words ${nexts.map(quoted).join(' ')} ;;`;
    })
    .join('\n');
}

function optionCases(all: readonly CompletedCommand[]): string {
  const groups = groupsOf(all);
  return all
    .filter(({ name, options }) => !groups.includes(name) && options.length > 0)
    .map(({ name, options, hasProgram }) => {
      const words = [...options.map((option) => `--${option.name}`), ...(hasProgram ? ['--'] : [])];
      return `    ${quoted(name)}) _postern_words ${words.map(quoted).join(' ')} ;;`;
    })
    .join('\n');
}

function quoted(word: string): string {
  return `'${word}'`;
}
