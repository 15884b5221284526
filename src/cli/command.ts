/** A command of `postern`. */
export interface Command {
  /** The words that invoke it: `secret show`. */
  readonly name: string;
  readonly synopsis: string;
  /** The names of its options, each of which takes a value. Every command also has `data`. */
  readonly options: readonly string[];
  readonly required: readonly string[];
  /** Returns the output for standard output. */
  readonly run: (options: Readonly<Record<string, string | undefined>>) => Promise<string>;
}
