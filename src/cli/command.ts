/** A command of `postern`, on one card. */
export interface Command {
  /** The words that call it: `secret show`. */
  readonly name: string;
  readonly synopsis: string;
  /** Names of its options; each takes a value. `data` is every command's. */
  readonly options: readonly string[];
  readonly required: readonly string[];
  /** Returns what is printed on standard output. */
  readonly run: (options: Readonly<Record<string, string | undefined>>) => Promise<string>;
}
