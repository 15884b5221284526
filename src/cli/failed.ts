/** A command cannot do what was asked; `hint` says what to type instead. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
