/** A number as people write it: `16,576`. */
export function numberOf(value: number): string {
  return value.toLocaleString('en');
}

/** `1 secret`, `3 secrets`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${numberOf(value)} ${value === 1 ? one : many}`;
}
