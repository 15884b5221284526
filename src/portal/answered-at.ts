/** The time of an answer by the server's clock, in milliseconds since 1970: records have times of the same clock. */
export function answeredAtMs({ headers }: { readonly headers: Headers }): number {
  return Date.parse(headers.get('date') ?? '');
}
