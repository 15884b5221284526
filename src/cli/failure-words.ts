import { styleText } from 'node:util';
import { shown } from './audit/record-line.ts';
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
  const trace = isDebugged && error instanceof Error && error.stack !== undefined ? `${error.stack}\n` : '';
  const exitStatus = error instanceof WrongUsage ? 2 : 1;
  if (asJson) {
    return { words: `${trace}${JSON.stringify({ error: { code, message, hint: hint ?? null } })}\n`, exitStatus };
  }
  const title = styleText('red', 'error:', { stream });
  const lines = [`${title} ${inLines(message)}\n`, ...(hint === undefined ? [] : [`hint: ${inLines(hint)}\n`])];
  return { words: `${trace}${lines.join('')}`, exitStatus };
}

/** The line breaks of a message stay; other control characters may be a server's of another user. */
function inLines(message: string): string {
  return message.split('\n').map(shown).join('\n');
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
