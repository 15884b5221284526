import { findByName, listObjects } from '../directory/objects.ts';
import type { DirectoryRecords, ObjectKind } from '../directory/records.ts';
import { Refused } from '../edge/edge.ts';
import { skipToken } from '../http/request.ts';
import type { Collection } from './collections.ts';
import { matchesFilter, parseFilter, requiredValues } from './filter.ts';
import type { Filter } from './filter.ts';
import { answer } from './operation.ts';
import type { GraphCall, GraphOperation, Read } from './operation.ts';
import { pageOf, pageSizeMax, refuseOptions, select } from './query.ts';
import type { GraphRefusal } from './refusal.ts';
import { resources } from './resource.ts';

/** The most objects that are read for one page of a filter. If there are more, the page is short and has a link. */
const scannedMax = 5_000;

/** `GET /users` and the like, with `$filter`, `$select`, `$top`, and pages by `@odata.nextLink`. */
export function listCollection<K extends ObjectKind>(collection: Collection<K>): GraphOperation {
  return {
    method: 'GET',
    path: `/${collection.segment}`,
    access: 'read',
    async run(call) {
      refuseOptions(call, ['$filter', '$select', '$top', '$skiptoken']);
      const filter = filterOf(call, Object.keys(collection.properties));
      const names = filter === undefined ? undefined : requiredValues(filter, collection.names);
      const page = names === undefined ? await scan(call, collection, filter) : await lookUp(call, collection, names);
      const matching =
        names === undefined ? page.records : page.records.filter((record) => isMatch(collection, record, filter));
      return listAnswer(call, {
        context: collection.segment,
        value: matching.map((record) => select(call, resources[collection.kind](record))),
        next: page.next,
      });
    },
  };
}

export interface ListPage {
  readonly context: string;
  readonly value: readonly object[];
  /** The key after which the next page starts. */
  readonly next: string | undefined;
}

export function listAnswer(call: GraphCall, { context, value, next }: ListPage): Read {
  const { origin, path, query } = call;
  const link = next === undefined ? undefined : new URLSearchParams({ ...query, $skiptoken: skipToken(next) });
  return answer(200, {
    '@odata.context': `${origin}/v1.0/$metadata#${context}`,
    ...(link !== undefined && { '@odata.nextLink': `${origin}${path}?${link.toString()}` }),
    value,
  });
}

interface Found<K extends ObjectKind> {
  readonly records: readonly DirectoryRecords[K][];
  readonly next: string | undefined;
}

async function lookUp<K extends ObjectKind>(
  { store, tenantId }: GraphCall,
  { kind }: Collection<K>,
  names: readonly string[],
): Promise<Found<K>> {
  const found = await Promise.all(names.map((name) => findByName(store, { tenantId, kind }, name)));
  const records = new Map(found.flatMap((object) => (object === undefined ? [] : [[object.record.id, object.record]])));
  return { records: [...records.values()], next: undefined };
}

async function scan<K extends ObjectKind>(
  call: GraphCall,
  collection: Collection<K>,
  filter: Filter | undefined,
): Promise<Found<K>> {
  const { store, tenantId } = call;
  const { limit, after } = pageOf(call);
  const records: DirectoryRecords[K][] = [];
  let last = after;
  for (let scanned = 0; scanned < scannedMax; scanned += pageSizeMax) {
    const batch = await listObjects(store, { tenantId, kind: collection.kind }, { after: last, limit: pageSizeMax });
    for (const record of batch) {
      if (records.length === limit) return { records, next: last };
      if (isMatch(collection, record, filter)) records.push(record);
      last = record.id;
    }
    if (batch.length < pageSizeMax) return { records, next: undefined };
  }
  return { records, next: last };
}

function isMatch<K extends ObjectKind>(
  { properties }: Collection<K>,
  record: DirectoryRecords[K],
  filter: Filter | undefined,
): boolean {
  return filter === undefined || matchesFilter(filter, (property) => properties[property]?.(record));
}

function filterOf({ query }: GraphCall, properties: readonly string[]): Filter | undefined {
  const expression = query['$filter'];
  if (expression === undefined) return undefined;
  const parsed = parseFilter(expression, properties);
  if (!parsed.ok) throw new Refused<GraphRefusal>({ kind: 'queryInvalid', name: '$filter', rule: parsed.rule });
  return parsed.filter;
}
