/** The known name with the smallest edit distance, if that is less than half of the name's length. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let best: { readonly candidate: string; readonly edits: number } | undefined;
  for (const candidate of known) {
    const edits = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (edits * 2 < candidate.length && (best === undefined || edits < best.edits)) best = { candidate, edits };
  }
  return best?.candidate;
}

/** The Levenshtein distance, computed one row at a time, where two letters that changed places are one edit. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  let before = row;
  const [letters, others] = [Array.from(from), Array.from(to)];
  for (const [index, letter] of letters.entries()) {
    const next = [index + 1];
    for (const [column, other] of others.entries()) {
      const replace = (row[column] ?? 0) + (letter === other ? 0 : 1);
      const isSwapped = index > 0 && column > 0 && letters[index - 1] === other && others[column - 1] === letter;
      const swap = isSwapped ? (before[column - 1] ?? 0) + 1 : replace;
      next.push(Math.min(replace, swap, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    [before, row] = [row, next];
  }
  return row[to.length] ?? 0;
}
