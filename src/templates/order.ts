/** An order of things by their dependencies, or a cycle among them. */
export type Order =
  { readonly ok: true; readonly order: readonly string[] } | { readonly ok: false; readonly cycle: readonly string[] };

/**
 * Sorts things so that each comes after those that it needs, and otherwise keeps their order. Needed things that are not
 * in the list are assumed to exist.
 */
export function inOrder(things: readonly string[], needs: ReadonlyMap<string, ReadonlySet<string>>): Order {
  const left = new Set(things);
  const waiting = new Map(things.map((thing) => [thing, 0]));
  const neededBy = new Map<string, string[]>();
  for (const thing of left) {
    for (const needed of needs.get(thing) ?? []) {
      if (!left.has(needed)) continue;
      waiting.set(thing, (waiting.get(thing) ?? 0) + 1);
      const others = neededBy.get(needed);
      if (others === undefined) neededBy.set(needed, [thing]);
      else others.push(thing);
    }
  }
  const order: string[] = [];
  while (left.size > 0) {
    const next = first(left, (thing) => waiting.get(thing) === 0);
    if (next === undefined) return { ok: false, cycle: cycleIn(left, needs) };
    left.delete(next);
    order.push(next);
    for (const other of neededBy.get(next) ?? []) waiting.set(other, (waiting.get(other) ?? 0) - 1);
  }
  return { ok: true, order };
}

/** When everything waits for something else, following the dependencies leads into a cycle. */
function cycleIn(left: ReadonlySet<string>, needs: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const path: string[] = [];
  for (let [thing] = left; thing !== undefined;) {
    const before = path.indexOf(thing);
    if (before !== -1) return path.slice(before);
    path.push(thing);
    thing = first(needs.get(thing) ?? left, (needed) => left.has(needed));
  }
  return path;
}

function first(things: ReadonlySet<string>, test: (thing: string) => boolean): string | undefined {
  for (const thing of things) if (test(thing)) return thing;
  return undefined;
}
