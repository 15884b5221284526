import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Client, Json } from './client.ts';

/** A list that only this test changes, and how it is changed between its pages. */
export interface PagedList {
  /** The URL of the first page, with at most that many items. */
  readonly first: (limit: number | undefined) => string;
  readonly itemId: (item: Json) => string;
  /** Adds an item with a new name to the list; returns its id in the list. */
  readonly add: (name: string) => Promise<string>;
  /** Removes the item that was added under that name. */
  readonly remove: (name: string) => Promise<void>;
  /** Changes the item of that name, which stays in its place. */
  readonly renew?: (name: string) => Promise<void>;
  /** Whether items are hidden from the list, so that pages must skip them. */
  readonly hides?: boolean;
}

/** How the lists of one service are read. */
export interface Listing {
  readonly client: Client;
  readonly resource: 'vault' | 'arm';
  /** The size of a page by default. */
  readonly usual: number;
  /** The `nextLink` of the last page. */
  readonly last: null | undefined;
  readonly name: fc.Arbitrary<string>;
}

type Step =
  | { readonly kind: 'page' }
  | { readonly kind: 'add'; readonly name: string }
  | { readonly kind: 'remove'; readonly pick: number };

interface Walk {
  readonly listing: Listing;
  readonly list: PagedList;
  readonly limit: number | undefined;
  /** The items in the list now, by name. */
  readonly present: Map<string, string>;
  /** All ids that were ever in the list, and those that were there all the time. */
  readonly ever: Set<string>;
  readonly always: Set<string>;
  readonly seen: string[];
}

/**
 * Whatever is added and deleted between the pages of a list: what was there all the time is seen once, nothing is seen
 * twice, the order is that of the ids, every page but the last is full, and the last one has no `nextLink`.
 */
export function pagesOnce(listing: Listing, open: () => Promise<PagedList>) {
  const steps = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('page' as const) }),
      fc.record({ kind: fc.constant('add' as const), name: listing.name }),
      fc.record({ kind: fc.constant('remove' as const), pick: fc.nat({ max: 99 }) }),
    ),
    { maxLength: 12 },
  );
  return fc.asyncProperty(
    fc.uniqueArray(listing.name, { maxLength: 10, selector: (name) => name.toLowerCase() }),
    steps,
    fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined, freq: 8 }),
    async (names, changes, limit) => {
      const list = await open();
      const present = new Map<string, string>();
      for (const name of names) present.set(name.toLowerCase(), await list.add(name));
      const [ever, always] = [new Set(present.values()), new Set(present.values())];
      await walk({ listing, list, limit, present, ever, always, seen: [] }, changes);
    },
  );
}

async function walk(state: Walk, steps: readonly Step[]): Promise<void> {
  const { list, limit, seen, ever, always } = state;
  let next: string | undefined = list.first(limit);
  for (const step of steps) {
    if (step.kind === 'page') next &&= await turn(state, next);
    else await change(state, step);
  }
  // There cannot be more pages than items, including hidden ones.
  for (let rest = 2 * ever.size; next !== undefined; rest -= 1) {
    assert.ok(rest >= 0, 'nextLink ends');
    next = await turn(state, next);
  }
  assert.deepEqual(seen, inOrder(new Set(seen)), 'in order, and nothing twice');
  assert.deepEqual(
    seen.filter((id) => !ever.has(id)),
    [],
  );
  assert.deepEqual(
    seen.filter((id) => always.has(id)),
    inOrder(always),
    'what was there all the time',
  );
}

/** Reads a page, and returns the link to the next one unchanged. */
async function turn({ listing, list, limit, seen }: Walk, url: string): Promise<string | undefined> {
  const { client, resource, usual, last } = listing;
  const { status, body } = await client.send(url, { token: await client.token(resource) });
  assert.equal(status, 200, JSON.stringify(body));
  const ids = Object.values<Json>(body['value'] ?? {}).map((item) => list.itemId(item));
  seen.push(...ids);
  const nextLink: unknown = body['nextLink'];
  const most = limit ?? usual;
  assert.ok(ids.length <= most, `${ids.length} items`);
  if (typeof nextLink !== 'string') {
    assert.equal(nextLink, last);
    return undefined;
  }
  if (list.hides !== true) assert.equal(ids.length, most);
  assert.equal(new URL(nextLink).origin, new URL(url).origin);
  return nextLink;
}

async function change({ list, present, ever, always }: Walk, step: Exclude<Step, { kind: 'page' }>): Promise<void> {
  if (step.kind === 'add') {
    const name = step.name.toLowerCase();
    if (present.has(name)) {
      await list.renew?.(step.name);
      return;
    }
    const id = await list.add(step.name);
    present.set(name, id);
    ever.add(id);
    return;
  }
  const names = [...present.keys()];
  const name = names[step.pick % names.length];
  if (name === undefined) return;
  await list.remove(name);
  always.delete(present.get(name) ?? '');
  present.delete(name);
}

function inOrder(ids: Iterable<string>): readonly string[] {
  return [...ids].toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
}
