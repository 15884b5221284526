import { styleText } from 'node:util';
import { escaped, shownLines } from '../lines/terminal.ts';
import { CommandFailed, WrongUsage } from './failed.ts';

/** How a failure is said. */
export interface FailureForm {
  readonly asJson: boolean;
  /** Whether the reader wants to know where in the code an unexpected failure was. */
  readonly isDebugged: boolean;
  /** Where it is written: a terminal may have colors. */
  readonly stream: NodeJS.WriteStream;
}

/** The lines for standard error, and the exit status: 1, or 2 for words that cannot be meant so. */
export function failureWords(
  error: unknown,
  { asJson, isDebugged, stream }: FailureForm,
): { readonly words: string; readonly exitStatus: number } {
  const { message, hint, code } = error instanceof CommandFailed ? error : unexpected(error);
  const trace = isDebugged && error instanceof Error && error.stack !== undefined ? `${shownLines(error.stack)}\n` : '';
  const exitStatus = error instanceof WrongUsage ? 2 : 1;
  if (asJson) {
    return {
      words: `${trace}${escaped(JSON.stringify({ error: { code, message, hint: hint ?? null } }))}\n`,
      exitStatus,
    };
  }
  const title = styleText('red', 'error:', { stream });
  // Some characters may be a server's of another user.
  const lines = [`${title} ${shownLines(message)}\n`, ...(hint === undefined ? [] : [`hint: ${shownLines(hint)}\n`])];
  return { words: `${trace}${lines.join('')}`, exitStatus };
}

function unexpected(error: unknown): CommandFailed {
  const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'Unexpected';
  return new CommandFailed(
    `Postern failed unexpectedly: ${first} (${code})`,
    'Please report it, with what the same command says with POSTERN_DEBUG=1.',
    code,
  );
}
