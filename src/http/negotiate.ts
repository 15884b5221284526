/**
 * The weight of a name in an Accept header (RFC 9110 section 12.5). A name that the header does not have is matched by the wildcards that
 * follow it in `names`, the most specific first; the weight is 0 if none is there.
 */
function weightOf(header: string, names: readonly string[]): number {
  const given = new Map(header.split(',').map(elementOf));
  const named = names.find((name) => given.has(name));
  return named === undefined ? 0 : (given.get(named) ?? 0);
}

function elementOf(element: string): readonly [name: string, weight: number] {
  const [name = '', ...parameters] = element.split(';');
  const weight = parameters.map((one) => /^\s*q=([\d.]{1,5})\s*$/i.exec(one)?.[1]).find((one) => one !== undefined);
  return [name.trim().toLowerCase(), weight === undefined ? 1 : Number(weight)];
}

/** Whether an answer may be sent with `content-encoding: gzip`. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  return acceptEncoding !== undefined && weightOf(acceptEncoding, ['gzip', 'x-gzip', '*']) > 0;
}

/** Whether a page is wanted rather than JSON: browsers name HTML and like it best, programs do not name it. */
export function prefersHtml(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  return weightOf(accept, ['text/html']) > weightOf(accept, ['application/json', 'application/*', '*/*']);
}
