import { StoreRefused } from '../refused.ts';
import { format } from './tables.ts';
import type { Link } from './link.ts';

/** The oldest version that its makers still mend, and that the tests run on. */
const leastVersion = 15;

/** The server and the database that a connection leads to. */
export interface Inspection {
  readonly version: number;
  readonly encoding: string;
  readonly fsync: boolean;
  readonly fullPageWrites: boolean;
  readonly isStandby: boolean;
  readonly systemId: string;
  readonly hasSchema: boolean;
  /** Whether the schema has the store's own table. */
  readonly hasStore: boolean;
  readonly database: string;
  readonly user: string;
  /** Undefined where there is none, or it cannot be read. */
  readonly format: number | undefined;
  /** 0 where there is no store. */
  readonly revision: number;
}

const inspectSql = `
select current_setting('server_version_num'), current_setting('server_encoding'), current_setting('fsync'),
  current_setting('full_page_writes'), pg_is_in_recovery()::text, (select system_identifier::text from pg_control_system()),
  (to_regnamespace($1) is not null)::text, (to_regclass($2) is not null)::text, current_database()::text, current_user::text`;

export async function inspect(link: Link, schema: string): Promise<Inspection> {
  const { rows } = await link.query(inspectSql, [schema, `${schema}.store`], 5_000);
  const [version, encoding, fsync, full, standby, systemId, hasSchema, hasStore, database, user] = rows[0] ?? [];
  const found = hasStore === 'true';
  const row = `select format::text, to_jsonb(store) ->> 'revision' from ${schema}.store`;
  const [kept, revision] = (found ? await link.query(row, [], 5_000) : undefined)?.rows[0] ?? [];
  return {
    version: Math.floor(Number(version) / 10_000),
    encoding: encoding ?? '',
    fsync: fsync === 'on',
    fullPageWrites: full === 'on',
    isStandby: standby === 'true',
    systemId: systemId ?? '',
    hasSchema: hasSchema === 'true',
    hasStore: found,
    database: database ?? '',
    user: user ?? '',
    format: kept === undefined || kept === null ? undefined : Number(kept),
    revision: Number(revision ?? 0),
  };
}

/** Why this server must not hold a store, whether or not the schema is there. */
export function refuseServer(found: Inspection, schema: string): StoreRefused | undefined {
  if (found.version < leastVersion) {
    return new StoreRefused(
      'wrongServer',
      `The server is PostgreSQL ${found.version}, and ${leastVersion} is the oldest that Postern is tested with: upgrade it.`,
    );
  }
  if (found.encoding !== 'UTF8') {
    return new StoreRefused(
      'wrongServer',
      `The database ${found.database} has the encoding ${found.encoding}, which cannot hold every name: create one with ` +
        `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0.`,
    );
  }
  for (const [name, on] of [
    ['fsync', found.fsync],
    ['full_page_writes', found.fullPageWrites],
  ] as const) {
    if (on) continue;
    return new StoreRefused(
      'wrongServer',
      `The server runs with ${name} = off, so that a crash may lose or damage what it acknowledged: set ${name} = on.`,
    );
  }
  if (found.isStandby) {
    return new StoreRefused(
      'standby',
      'The server is a standby, which cannot be written to: name the primary, or all hosts of the cluster.',
    );
  }
  if (found.hasStore && found.format !== format) {
    return new StoreRefused(
      'otherFormat',
      `The schema ${schema} of the database ${found.database} has format ${found.format ?? 'unknown'}, and this release has ${format}: use the release that made it.`,
    );
  }
  return undefined;
}
