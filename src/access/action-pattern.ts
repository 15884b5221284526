/** Names of actions as a role lists them, ready to be looked up. */
export interface ActionSet {
  readonly names: ReadonlySet<string>;
  readonly patterns: readonly Pattern[];
}

/** The texts between the stars of a name that has any, in order. */
type Pattern = readonly Piece[];

interface Piece {
  readonly text: string;
  /** Whether it must stand after a slash. */
  readonly afterSlash: boolean;
}

/**
 * Compiles the names of actions, in which a star stands for any text, also across slashes (role-definitions, "Actions
 * format"). Between two slashes it also stands for no segment at all: the Key Vault Reader, who may "read metadata of key
 * vaults and its certificates, keys, and secrets", has nothing else that lets it read the vault itself.
 */
export function compileActions(actions: readonly string[]): ActionSet {
  const lower = actions.map((action) => action.toLowerCase());
  return {
    names: new Set(lower.filter((action) => !action.includes('*'))),
    patterns: lower.filter((action) => action.includes('*')).map(compilePattern),
  };
}

/** Whether the set has the action, whose name is in lower case. */
export function hasAction(set: ActionSet, action: string): boolean {
  return set.names.has(action) || set.patterns.some((pattern) => matches(pattern, action));
}

function compilePattern(name: string): Pattern {
  const pieces: Piece[] = [];
  let afterSlash = false;
  let text = '';
  for (let at = 0; at < name.length; at += 1) {
    if (name[at] !== '*') {
      text += name[at];
      continue;
    }
    pieces.push({ text, afterSlash });
    text = '';
    afterSlash = name[at - 1] === '/' && name[at + 1] === '/';
    if (afterSlash) at += 1;
  }
  return [...pieces, { text, afterSlash }];
}

/** Greedy from the left: the first place of each text leaves the most room for the next. */
function matches(pattern: Pattern, action: string): boolean {
  let at = 0;
  for (const [index, piece] of pattern.entries()) {
    const found = index === pattern.length - 1 ? action.length - piece.text.length : placeOf(piece, action, at);
    if (found < at || !stands(piece, action, found) || (index === 0 && found > 0)) return false;
    at = found + piece.text.length;
  }
  return true;
}

/** The first place at or after `from` where the piece stands, -1 for none. */
function placeOf(piece: Piece, action: string, from: number): number {
  let at = action.indexOf(piece.text, from);
  while (at !== -1 && at < action.length && !stands(piece, action, at)) at = action.indexOf(piece.text, at + 1);
  return at;
}

function stands({ text, afterSlash }: Piece, action: string, at: number): boolean {
  return action.startsWith(text, at) && (!afterSlash || action[at - 1] === '/');
}
