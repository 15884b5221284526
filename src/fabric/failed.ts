/** The fabric cannot do what was asked; `hint` says what to do instead. */
export class FabricFailed extends Error {
  override readonly name = 'FabricFailed';
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(printable(message));
    this.hint = hint;
  }
}

/** Parts of a message may come from another program: what moves a terminal's cursor is written as its number. */
export function printable(message: string): string {
  return message.replaceAll(/\p{Cc}/gu, (found) => `\\u${(found.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
