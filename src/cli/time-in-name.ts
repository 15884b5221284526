/** A time as names of files have it: `20261127T103000Z`. */
export function timeInName(ms: number): string {
  return new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}
