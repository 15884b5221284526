/** A command of `postern`. */
export interface Command {
  /** The words that invoke it: `secret show`. */
  readonly name: string;
  readonly synopsis: string;
  /** Its options by name, each of which takes a value: what they are. Every command also has `data`. */
  readonly options: Readonly<Record<string, string>>;
  readonly required: readonly string[];
  /** Returns the output for standard output. */
  readonly run: (options: Readonly<Record<string, string | undefined>>) => Promise<string>;
}
