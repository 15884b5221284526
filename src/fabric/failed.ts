import { printable } from '../shape/fault.ts';

/** The fabric cannot do what was asked; `hint` says what to do instead. */
export class FabricFailed extends Error {
  override readonly name = 'FabricFailed';
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(printable(message));
    this.hint = hint;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
