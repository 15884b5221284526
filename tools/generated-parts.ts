/**
 * A page of Markdown with its generated parts updated. A part is between `<!-- begin NAME -->` and `<!-- end -->`.
 * @throws {Error} for a part without a place in the page, and for a place without a part
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
