import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import { headerKey } from './seal-header.ts';
import { createDatabase } from './sqlite-file.ts';
import type { StoredRecord } from './store.ts';

/**
 * A new database that is filled with the rows of another one. It has no rollback and does not wait for the disk before
 * `finish`: a database that was not finished must be thrown away.
 */
export class DatabaseLoad {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #put: StatementSync;

  constructor(file: string) {
    this.#file = file;
    if (existsSync(file)) throw new Error(`${file} is there already`);
    createDatabase(file);
    this.#database = new DatabaseSync(file);
    this.#database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN');
    this.#put = this.#database.prepare('INSERT INTO records (key, version, value) VALUES (?, ?, ?)');
  }

  add(rows: readonly StoredRecord[]): void {
    for (const { key, version, value } of rows) this.#put.run(key, version, value);
  }

  /**
   * The database is on the disk when it returns. Its changes are counted from `position`: if that is after every
   * position of the database before it, a cursor of that one is expired here.
   */
  finish(position: number): void {
    this.#database.prepare('INSERT INTO changes (position, key) VALUES (?, ?)').run(position, headerKey);
    this.#database.exec('COMMIT; PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL');
    this.close();
    const descriptor = openSync(this.#file, 'r+');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}
