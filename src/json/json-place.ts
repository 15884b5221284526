/**
 * The place of the first character with which the contents can no longer become JSON. The parser's message has it only
 * for some faults, so that ever closer beginnings are tried.
 */
export function placeOfJsonFault(json: string): string {
  let [good, bad] = [0, json.trimEnd().length + 1];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (canBecomeJson(json.slice(0, middle))) good = middle;
    else bad = middle;
  }
  const before = json.slice(0, bad - 1).split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

function canBecomeJson(start: string): boolean {
  try {
    JSON.parse(start);
    return true;
  } catch (error) {
    const [, position] = /at position (\d+)/.exec(String(error)) ?? [];
    return position === undefined ? String(error).includes('end of JSON input') : Number(position) >= start.length;
  }
}
