/** The characters that a terminal may obey, or order a line by, instead of showing them. */
const control = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** A value in a line. Some strings come from others, and their control characters must not reach the terminal. */
export function shown(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') return '';
  return String(value).replaceAll(control, '?');
}

/** Lines whose breaks stay. */
export function shownLines(lines: string): string {
  return lines.split('\n').map(shown).join('\n');
}

/** JSON with the escapes of JSON (RFC 8259 section 7) for the characters that its writer leaves as they are. */
export function escaped(json: string): string {
  return json.replaceAll(/[\u007F-\u009F\p{Cf}\u2028\u2029]/gu, (character) =>
    character
      .split('')
      .map((unit) => String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
