import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { OpenFolder } from '../../src/worker/folder.ts';
import { databaseOf } from './database.ts';

/** A record as the database has it: sealed. */
export interface StoredRow {
  readonly key: string;
  readonly version: string;
  readonly value: Uint8Array;
}

type Folder = Pick<OpenFolder, 'path'>;

/** The first row of a server's database at or below `key`, read past the server. */
export async function readRow({ path }: Folder, key: string): Promise<StoredRow> {
  const database = await databaseOf(path);
  const found = await (database === undefined ? readFile(path, key) : database.readRow(key));
  if (found === undefined || !found.key.startsWith(key)) throw new Error(`nothing is stored under ${key}`);
  return found;
}

/** Replaces a row of a server's database past the server. */
export async function replaceRow({ path }: Folder, row: StoredRow): Promise<void> {
  const database = await databaseOf(path);
  const replaced = await (database === undefined ? replaceInFile(path, row) : database.replaceRow(row));
  if (replaced !== 1) throw new Error(`${replaced} rows have the key ${row.key}`);
}

function openFile(path: string): DatabaseSync {
  return new DatabaseSync(join(path, 'postern.db'), { timeout: 5_000 });
}

function readFile(path: string, from: string): StoredRow | undefined {
  using database = openFile(path);
  const found = database
    .prepare('SELECT key, version, value FROM records WHERE key >= ? ORDER BY key LIMIT 1')
    .get(from);
  const { key, version, value } = found ?? {};
  if (typeof key !== 'string' || typeof version !== 'string' || !(value instanceof Uint8Array)) return undefined;
  return { key, version, value };
}

function replaceInFile(path: string, { key, version, value }: StoredRow): number {
  using database = openFile(path);
  const { changes } = database
    .prepare('UPDATE records SET version = ?, value = ? WHERE key = ?')
    .run(version, value, key);
  return Number(changes);
}
