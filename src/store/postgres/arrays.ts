/** An array of strings as PostgreSQL reads it: `{"a","b",NULL}`. */
export function arrayOf(values: readonly (string | number | null)[]): string {
  return `{${values.map((value) => (typeof value === 'string' ? quoted(value) : (value ?? 'NULL'))).join()}}`;
}

const special = /["\\]/g;

function quoted(value: string): string {
  return `"${value.replace(special, String.raw`\$&`)}"`;
}
