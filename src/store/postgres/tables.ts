/**
 * The format of the tables and functions. Another one is refused, because nodes of two formats would share records. A database
 * that is there keeps its tables and functions as they are, so each change of them needs the next number, and a way from the
 * one before.
 */
export const format = 1;

/**
 * The functions of a format as a release has them. The first node of a release with a later revision replaces them in a
 * database that is there, while nodes of earlier releases of the format go on: they must understand the new ones.
 */
export const revision = 1;

/**
 * The tables. Values are sealed, so PostgreSQL need not try to compress them. Turns are unlogged: after a crash there are
 * none, and those who waited ask again.
 */
export function tablesSql(s: string): string {
  return `
create table if not exists ${s}.store (
  only_row boolean primary key default true check (only_row),
  format integer not null,
  id uuid not null default gen_random_uuid(),
  forgotten bigint not null default 0
);
alter table ${s}.store add column if not exists revision integer not null default 0;
create table if not exists ${s}.records (
  key text collate "C" primary key,
  version text collate "C" not null,
  value bytea not null
);
alter table ${s}.records alter column value set storage external;
create table if not exists ${s}.changes (position bigint primary key, key text collate "C" not null);
create table if not exists ${s}.nodes (
  id text primary key,
  session text not null,
  name text not null,
  started timestamptz not null default clock_timestamp(),
  seen timestamptz not null default clock_timestamp(),
  details jsonb not null
) with (fillfactor = 50);
create table if not exists ${s}.sessions (
  node text primary key,
  session text not null,
  number bigint not null default 0,
  digest text not null default '',
  asked bigint not null default 0,
  outcomes text[] not null default '{}'
) with (fillfactor = 50);
create table if not exists ${s}.timelines (timeline text primary key, seen timestamptz not null default clock_timestamp());
create unlogged table if not exists ${s}.turns (
  id text primary key,
  key text collate "C" not null,
  number bigint generated always as identity,
  asked timestamptz not null default clock_timestamp(),
  head timestamptz
);
create index if not exists turns_by_key on ${s}.turns (key, number);
`;
}
