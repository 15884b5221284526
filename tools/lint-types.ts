export type Rule = 'off' | 'error' | readonly ['error', ...unknown[]];

export type Rules = Readonly<Record<string, Rule>>;

/** Rules for the files that a pattern matches; of several overrides with the same rule, the last match counts. */
export interface Override {
  readonly files: readonly string[];
  readonly rules: Rules;
}
