const width = 100;

/** Two columns of a help: the title in the left one, the words in the right one, in lines of at most 100 characters. */
export function inColumns(title: string, words: string, column = 30): readonly string[] {
  const [first = '', ...others] = filled(words.split(' '), width - column);
  const left = `  ${title}`.padEnd(column - 1);
  // A title that is too long has a line of its own, so that the right column stays one.
  const head = left.length < column ? [`${left} ${first}`] : [left, `${' '.repeat(column)}${first}`];
  return [...head, ...others.map((line) => `${' '.repeat(column)}${line}`)];
}

/** Words, or other parts, in lines of less than this many characters. */
export function filled(parts: readonly string[], characters = width): readonly string[] {
  const lines = [''];
  for (const part of parts) {
    const line = lines.at(-1) ?? '';
    if (line.length + part.length >= characters) lines.push(part);
    else lines[lines.length - 1] = line === '' ? part : `${line} ${part}`;
  }
  return lines;
}
