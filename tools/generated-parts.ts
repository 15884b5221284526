/**
 * A page of Markdown with its generated parts as they are now. A part of the page is what lies between `<!-- begin NAME -->`
 * and `<!-- end -->`.
 * @throws {Error} for a part that the page has no place for, and for a place that no part is for
 */
export function withParts(page: string, parts: ReadonlyMap<string, string>): string {
  const places = new Set<string>();
  const current = page.replaceAll(/<!-- begin (.+?) -->\n[^]*?<!-- end -->/g, (_, name: string) => {
    places.add(name);
    const part = parts.get(name);
    if (part === undefined) throw new Error(`nothing generates the part '${name}'`);
    return `<!-- begin ${name} -->\n\n${part}\n<!-- end -->`;
  });
  const missing = [...parts.keys()].filter((name) => !places.has(name));
  if (missing.length > 0) throw new Error(`the page has no place for: ${missing.join(', ')}`);
  return current;
}
