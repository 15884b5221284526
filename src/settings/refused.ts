/** A setting that cannot be used. Thrown inside this room only; `readSettings` turns it into its answer. */
export class SettingRefused extends Error {
  override readonly name = 'SettingRefused';
}

/** Refuses a name that is not in the list, with the nearest one as a hint and the whole list to choose from. */
export function refuseUnknown(what: string, name: string, known: readonly string[]): never {
  const near = nearest(name, known);
  const hint = near === undefined ? '' : ` Did you mean ${near}?`;
  throw new SettingRefused(`${what} ${name} is not known.${hint} Known: ${known.join(', ')}.`);
}

/** The known name that takes the fewest edits to reach, if those are fewer than half of the name. */
function nearest(name: string, known: readonly string[]): string | undefined {
  let best: { readonly candidate: string; readonly edits: number } | undefined;
  for (const candidate of known) {
    const edits = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (edits * 2 < candidate.length && (best === undefined || edits < best.edits)) best = { candidate, edits };
  }
  return best?.candidate;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of Array.from(from).entries()) {
    const next = [index + 1];
    for (const [column, other] of Array.from(to).entries()) {
      const replace = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replace, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
