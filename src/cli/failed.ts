/** A command failed; `hint` says what to do instead. */
export class CommandFailed extends Error {
  override readonly name: string = 'CommandFailed';
  readonly hint: string | undefined;
  /** For programs, in `--json`: one word of `docs/reference/command-line.md`, or the code of a server's error answer. */
  readonly code: string;

  constructor(message: string, hint?: string, code = 'Failed') {
    super(message);
    this.hint = hint;
    this.code = code;
  }
}

/** The words of the command line cannot be meant so: exit status 2, and nothing was done. */
export class WrongUsage extends CommandFailed {
  override readonly name = 'WrongUsage';

  constructor(message: string, hint?: string) {
    super(message, hint, 'Usage');
  }
}
