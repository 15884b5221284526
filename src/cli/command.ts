/** A command of `postern`. */
export interface Command {
  /** The words that invoke it: `secret show`. */
  readonly name: string;
  readonly synopsis: string;
  /** Its options by name, each of which takes a value: what they are. Every command also has `data`, if not `isWithoutData`. */
  readonly options: Readonly<Record<string, string | ValueOption>>;
  readonly required: readonly string[];
  /** Its options without a value, likewise. Each command has `json`, whose help says the shape of the output. */
  readonly flags?: Readonly<Record<string, string>>;
  /** The name in the synopsis of the words after `--`. Without it no words may follow. */
  readonly operands?: string;
  /** It has nothing to do with a server or its data folder. */
  readonly isWithoutData?: true;
  /** Its options are those of `postern start`, which reads them: it gets its words as operands, as they are. */
  readonly isOfStart?: true;
  /** Its work, as "Reading the server": a terminal shows it once that has taken a second. */
  readonly progress?: string;
  readonly run: (options: Options, given: Given) => Promise<Outcome>;
}

/** An option with a value of a certain kind. */
export interface ValueOption {
  readonly help: string;
  /** Its placeholder in the help (default the option's name). */
  readonly value?: string;
  /** The path of a file or folder, or one of these words, in any case. */
  readonly takes?: 'file' | 'folder' | readonly string[];
}

export type Options = Readonly<Record<string, string | undefined>>;

export interface Given {
  readonly flags: ReadonlySet<string>;
  readonly operands: readonly string[];
}

/** For standard output, with the exit status if it is not 0. */
export type Outcome = string | Printed | Answer;

/** An output that the command made itself, also for `--json`. */
export interface Printed {
  readonly output: string;
  readonly exitStatus: number;
}

/** The result of a command: for `--json` the value, else the words. */
export interface Answer {
  readonly json: unknown;
  readonly text: string;
  /** A terminal gets it in place of the words. */
  readonly table?: Table;
  readonly exitStatus?: number;
}

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}
