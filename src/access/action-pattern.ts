/** Names of actions as a role lists them, ready to be looked up. */
export interface ActionSet {
  readonly names: ReadonlySet<string>;
  /** The texts between the `*`s of a name that has any. */
  readonly patterns: readonly (readonly string[])[];
}

/** Compiles the names of actions, in which `*` stands for any text, also across slashes (role-definitions, "Actions format"). */
export function compileActions(actions: readonly string[]): ActionSet {
  const lower = actions.map((action) => action.toLowerCase());
  return {
    names: new Set(lower.filter((action) => !action.includes('*'))),
    patterns: lower.filter((action) => action.includes('*')).map((action) => action.split('*')),
  };
}

/** Whether the set has the action, whose name is in lower case. */
export function hasAction(set: ActionSet, action: string): boolean {
  return set.names.has(action) || set.patterns.some((pattern) => matches(pattern, action));
}

/** Greedy from the left: the first place of each text leaves the most room for the next. Linear, whatever the pattern. */
function matches(pattern: readonly string[], action: string): boolean {
  const first = pattern[0] ?? '';
  const last = pattern.at(-1) ?? '';
  if (!action.startsWith(first) || !action.endsWith(last)) return false;
  const end = action.length - last.length;
  let at = first.length;
  for (const text of pattern.slice(1, -1)) {
    const found = action.indexOf(text, at);
    if (found === -1) return false;
    at = found + text.length;
  }
  return at <= end;
}
