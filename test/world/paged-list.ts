import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Client, Json } from './client.ts';

/** A list that nobody else changes, and how it is changed between its pages. */
export interface PagedList {
  /** The URL of a first page of at most that many items. */
  readonly first: (limit: number | undefined) => string;
  readonly itemId: (item: Json) => string;
  /** Puts something of that name into the list, where there is nothing of that name; gives its id in the list. */
  readonly add: (name: string) => Promise<string>;
  /** Takes out what was added under that name. */
  readonly remove: (name: string) => Promise<void>;
  /** Changes what is in the list under that name, and stays in its place. */
  readonly renew?: (name: string) => Promise<void>;
  /** What is in the way of full pages: items that are walked over and not shown. */
  readonly hides?: boolean;
}

/** How the lists of one service are read. */
export interface Listing {
  readonly client: Client;
  readonly resource: 'vault' | 'arm';
  /** How many items a page has unless fewer are asked for. */
  readonly usual: number;
  /** What stands for `nextLink` on the last page. */
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
  /** By name: what is in the list now. */
  readonly present: Map<string, string>;
  /** All ids that were ever in it, and those that were all the time. */
  readonly ever: Set<string>;
  readonly always: Set<string>;
  readonly seen: string[];
}

/**
 * Whatever is made and deleted between the pages of a list: what was there all the time is seen once, nothing is seen twice,
 * the order is that of the ids, a page that is followed by another one is full, and the last one has no `nextLink`.
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
  // More pages than items there cannot be, hidden ones included.
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

/** Reads a page, and gives the link to the next one as it stands there. */
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
