/**
 * Where a list goes on. A token goes nowhere but where the list began, and no page is asked for twice: a list that leads back to
 * itself would never end.
 * @throws {Error} when the link leads elsewhere, or back
 */
export function nextPage(nextLink: string | null | undefined, start: URL, asked: ReadonlySet<string>): URL | undefined {
  if (typeof nextLink !== 'string') return undefined;
  const next = new URL(nextLink);
  if (next.origin !== start.origin) throw new Error(`the list goes on at another server: ${next.origin}`);
  if (asked.has(next.href)) throw new Error(`the list leads back to a page of itself: ${next.pathname}`);
  return next;
}
