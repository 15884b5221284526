/**
 * The database of a server in a test, where `npm run postgres` runs the test: a variable names a database server, and each
 * data folder has a database of its own there. Otherwise the server has the embedded store.
 */
import { createHash } from 'node:crypto';
import type { Sql } from 'postgres';
import type { StoredRow } from './rows.ts';

/** The URL of a database whose role may make others. */
export const serverVariable = 'POSTERN_TEST_DATABASE_SERVER';

export interface FolderDatabase {
  /** The options of `postern start` that name it. */
  readonly options: readonly string[];
  readonly remove: () => Promise<void>;
  /** The first row from this key on, past the server. */
  readonly readRow: (from: string) => Promise<StoredRow | undefined>;
  /** Returns how many rows were replaced. */
  readonly replaceRow: (row: StoredRow) => Promise<number>;
}

/** The database of this data folder, made if it is not there. */
export async function databaseOf(folder: string): Promise<FolderDatabase | undefined> {
  const server = process.env[serverVariable];
  if (server === undefined) return undefined;
  const name = `folder_${createHash('sha256').update(folder).digest('hex').slice(0, 32)}`;
  await asking(server, async (sql) => {
    const [found] = await sql`select 1 from pg_database where datname = ${name}`;
    if (found === undefined) await sql.unsafe(`create database ${name}`);
  });
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    options: ['--store', url.href, '--node', 'test', '--join'],
    remove: () =>
      asking(server, async (sql) => void (await sql.unsafe(`drop database if exists ${name} with (force)`))),
    readRow: (from) =>
      asking(url.href, async (sql) => {
        const [row] = await sql<
          StoredRow[]
        >`select key, version, value from postern.records where key >= ${from} order by key limit 1`;
        return row;
      }),
    replaceRow: ({ key, version, value }) =>
      asking(url.href, async (sql) => {
        const done = await sql`update postern.records set version = ${version}, value = ${value} where key = ${key}`;
        return done.count;
      }),
  };
}

async function asking<Result>(url: string, work: (sql: Sql) => Promise<Result>): Promise<Result> {
  // Most runs of the tests need no database.
  const { default: postgres } = await import('postgres');
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}
