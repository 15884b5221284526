import type { Nodes } from '../node-store.ts';
import { StoreRefused } from '../refused.ts';
import { Unavailable } from '../store.ts';
import type { List, Read, ReadResult, Store, StoredRecord } from '../store.ts';
import { LinkLost, ServerSaid } from './connection.ts';
import { identifier } from './functions.ts';
import { inspect, refuseServer } from './inspect.ts';
import { atPrimary, refusalOf } from './install.ts';
import type { Link } from './link.ts';
import { makeLinks } from './links.ts';
import { nodesIn, nodesSql } from './nodes.ts';
import type { PostgresStoreOptions } from './options.ts';
import { readAnswer, readSql, readValues } from './read-batch.ts';

/** A database as it is. `store` reads alone. */
export interface PostgresLook {
  readonly store: Store;
  readonly nodes: Nodes;
}

/** The most that one statement may take: a page of records. */
const timeoutMs = 30_000;

/**
 * Reads a database at one connection, without a place among the nodes, and writes nothing: neither a schema nor a heartbeat.
 * What it reads is not proved to be the newest, as a node's reads are.
 * @throws {StoreRefused} as `openPostgresStore`, and `noDatabase` where there is no store
 */
export async function lookIntoPostgres(options: PostgresStoreOptions): Promise<PostgresLook> {
  const { schema = 'postern', startMs = 10_000 } = options;
  const links = makeLinks(options);
  const link = links.pulse;
  const wait = { hosts: links.target.hosts.length, withinMs: startMs };
  try {
    return await atPrimary(link, wait, () => look(link, schema));
  } catch (error) {
    link.close();
    throw refusalOf(error, links.target);
  }
}

async function look(link: Link, schema: string): Promise<PostgresLook> {
  const found = await inspect(link, schema);
  const refusal = refuseServer(found, schema);
  if (refusal !== undefined) throw refusal;
  if (!found.hasStore)
    throw new StoreRefused(
      'noDatabase',
      `The database ${found.database} has no store in the schema ${schema}: a start makes one. Nothing was changed.`,
    );
  const { rows } = await link.query(nodesSql(identifier(schema)), [], timeoutMs);
  return { store: readingStore(link, identifier(schema)), nodes: nodesIn(rows[0]) };
}

function readingStore(link: Link, schema: string): Store {
  const sql = readSql(schema);
  const readMany = async (requests: readonly (Read | List)[]): Promise<readonly ReadResult[]> => {
    try {
      return readAnswer(requests, (await link.query(sql, readValues(requests), timeoutMs)).rows).results;
    } catch (error) {
      if (!(error instanceof LinkLost) && !(error instanceof ServerSaid)) throw error;
      throw new Unavailable(`The database cannot be read: ${error.message}`, { cause: error });
    }
  };
  const recordsOf = async (request: Read | List): Promise<readonly (StoredRecord | undefined)[]> => {
    const [result] = await readMany([request]);
    if (result?.ok === true) return result.records;
    throw result?.error;
  };
  const onlyReads = () => Promise.reject(new TypeError('this store is only read'));
  return {
    read: recordsOf,
    list: async (request) => (await recordsOf(request)).filter((record) => record !== undefined),
    readMany,
    transact: onlyReads,
    changes: onlyReads,
    close: async () => link.close(),
  };
}
