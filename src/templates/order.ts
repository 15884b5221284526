/** What comes before what, or the circle in which things wait for each other. */
export type Order =
  { readonly ok: true; readonly order: readonly string[] } | { readonly ok: false; readonly circle: readonly string[] };

/**
 * Brings things into an order in which each comes after what it needs, and otherwise keeps the order in which they are
 * given. What is needed and not among the things is there already.
 */
export function inOrder(things: readonly string[], needs: ReadonlyMap<string, ReadonlySet<string>>): Order {
  const left = new Set(things);
  const order: string[] = [];
  while (left.size > 0) {
    const next = [...left].find((thing) => waitingFor(thing, left, needs) === undefined);
    if (next === undefined) return { ok: false, circle: circleIn(left, needs) };
    left.delete(next);
    order.push(next);
  }
  return { ok: true, order };
}

function waitingFor(
  thing: string,
  left: ReadonlySet<string>,
  needs: ReadonlyMap<string, ReadonlySet<string>>,
): string | undefined {
  for (const needed of needs.get(thing) ?? []) if (left.has(needed)) return needed;
  return undefined;
}

/** Where everything waits for something, following what is waited for leads into a circle. */
function circleIn(left: ReadonlySet<string>, needs: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const path: string[] = [];
  for (let [thing] = left; thing !== undefined; thing = waitingFor(thing, left, needs)) {
    const before = path.indexOf(thing);
    if (before !== -1) return path.slice(before);
    path.push(thing);
  }
  return path;
}
