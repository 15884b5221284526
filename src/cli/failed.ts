/** A command failed; `hint` says what to do instead. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
