/** A command of `postern`. */
export interface Command {
  /** The words that invoke it: `secret show`. */
  readonly name: string;
  readonly synopsis: string;
  /** Its options by name, each of which takes a value: what they are. Every command also has `data`. */
  readonly options: Readonly<Record<string, string>>;
  readonly required: readonly string[];
  /** Its options without a value, likewise. */
  readonly flags?: Readonly<Record<string, string>>;
  /** The name in the synopsis of the words after `--`. Without it no words may follow. */
  readonly operands?: string;
  readonly run: (options: Options, given: Given) => Promise<Outcome>;
}

export type Options = Readonly<Record<string, string | undefined>>;

export interface Given {
  readonly flags: ReadonlySet<string>;
  readonly operands: readonly string[];
}

/** The output for standard output, with the exit status if it is not 0. */
export type Outcome = string | { readonly output: string; readonly exitStatus: number };
