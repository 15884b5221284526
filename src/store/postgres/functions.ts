import { format, revision, tablesSql } from './tables.ts';

/** A turn's most milliseconds at the head of its order, and between two questions of one who waits in it. */
const [turnMs, askedMs] = [2_000, 5_000];

/** A turn that has had its time, or that its node no longer asks for. */
const overdue = `(head <= clock_timestamp() - interval '${turnMs} milliseconds'
    or head is null and asked <= clock_timestamp() - interval '${askedMs} milliseconds')`;

/** SQL that creates of the schema what is missing, and replaces the functions of an earlier revision. */
export function schemaSql(schema: string): string {
  const s = identifier(schema);
  return `${tablesSql(s)}${transactSql(s)}${applySql(s)}${pulseSql(s)}${turnsSql(s)}
insert into ${s}.store (format, revision) values (${format}, ${revision})
  on conflict (only_row) do update set revision = excluded.revision;
`;
}

/** A name as SQL writes it. The name of the schema was checked before; this is a second guard. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The beginning of every function. */
const prologue = `
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'the isolation is % instead of read committed', current_setting('transaction_isolation')
      using errcode = 'PT001';
  end if;
  perform set_config('lock_timeout', lock_ms::text, true);`;

/**
 * The beginning of a function whose commit must last. Both are set in the body, because a SET of the function is undone before
 * the commit. Only a warning shows that a wait for the standby was cancelled, so warnings must arrive.
 */
const durable = `
  if current_setting('synchronous_commit') not in ('on', 'remote_apply') then
    perform set_config('synchronous_commit', 'on', true);
  end if;
  perform set_config('client_min_messages', 'warning', true);`;

/** Two numbers: this application's, and the table's, so that two schemas in one database do not wait for each other. */
const lock = (s: string): string => `
  perform pg_advisory_xact_lock(1349481556, '${s}.store'::regclass::oid::integer);`;

const stamp = `left(pg_walfile_name(pg_current_wal_lsn()), 8)`;
const life = `extract(epoch from pg_postmaster_start_time())::text`;

/**
 * A node's batch: all transactions that waited there. Under the lock, so that the writers are serial as SQLite's one
 * writer is, and positions are in the order of commits and without gaps. A session's last batch is kept with its
 * outcomes: when it comes again, it is answered again, in a commit of its own, which waits for what the first one may
 * not have waited for. Another batch with its number comes from a copy of the process (a machine put back to a snapshot), and
 * must not be told the outcomes of the first. A batch that is older than the last one is an orphan of a lost connection.
 */
function transactSql(s: string): string {
  return `
create or replace function ${s}.transact(
  of_node text, of_session text, of_number bigint, of_digest text, batch jsonb, contents bytea, history bigint,
  lock_ms integer, out verdict text, out outcomes text[], out timeline text, out life text, out reached bigint
) language plpgsql volatile as $function$
declare
  kept ${s}.sessions;
  first_position bigint;
  gone bigint;
begin${prologue}${durable}${lock(s)}
  timeline := ${stamp};
  life := ${life};
  select * into kept from ${s}.sessions where node = of_node and session = of_session;
  if not found or kept.number = of_number and kept.digest <> of_digest then
    verdict := 'superseded';
    return;
  end if;
  if kept.number > of_number then
    verdict := 'late';
    return;
  end if;
  verdict := 'done';
  if kept.number = of_number then
    update ${s}.sessions set asked = asked + 1 where node = of_node;
    outcomes := kept.outcomes;
    reached := 0;
    return;
  end if;
  select forgotten into gone from ${s}.store;
  select coalesce(max(position), gone) into first_position from ${s}.changes;
  select applied.outcomes, applied.head into outcomes, reached
    from ${s}.apply(batch, contents, first_position) as applied;
  update ${s}.sessions set number = of_number, digest = of_digest, outcomes = transact.outcomes
    where node = of_node;
  if reached - gone >= history + least(history, 1000) then
    gone := least(reached - history, gone + 10000);
    delete from ${s}.changes where position <= gone;
    update ${s}.store set forgotten = gone;
  end if;
  if reached > first_position then
    perform pg_notify('${unquoted(s)}', 'changes');
  end if;
end
$function$;
`;
}

function unquoted(s: string): string {
  return s.slice(1, -1).replaceAll("'", "''");
}

/** Each transaction of a batch: its turn, its requirements, its writes, their positions. An outcome is '' or a key. */
function applySql(s: string): string {
  return `
create or replace function ${s}.apply(
  batch jsonb, contents bytea, first_position bigint, out outcomes text[], out head bigint
) language plpgsql volatile as $function$
declare
  entry jsonb;
  conflict text;
  turns boolean := exists (select from ${s}.turns);
  ended text;
  written integer;
begin
  head := first_position;
  outcomes := '{}';
  for entry in select value from jsonb_array_elements(batch) loop
    conflict := null;
    if turns then
      select t.key into conflict from ${s}.turns t
        where t.head > clock_timestamp() - interval '${turnMs} milliseconds' and t.id is distinct from entry ->> 3
          and (t.key in (select put ->> 0 from jsonb_array_elements(entry -> 1) put)
            or t.key in (select jsonb_array_elements_text(entry -> 2)))
        limit 1;
    end if;
    if conflict is null and jsonb_array_length(entry -> 0) > 0 then
      select required.pair ->> 0 into conflict
        from jsonb_array_elements(entry -> 0) with ordinality required(pair, place)
        left join ${s}.records r on r.key = required.pair ->> 0
        where r.version is distinct from required.pair ->> 1
        order by required.place limit 1;
    end if;
    outcomes := outcomes || coalesce(conflict, '');
    continue when conflict is not null;
    if jsonb_array_length(entry -> 1) > 0 then
      insert into ${s}.records as r (key, version, value)
        select put ->> 0, put ->> 1, substring(contents from (put -> 2)::integer + 1 for (put -> 3)::integer)
        from jsonb_array_elements(entry -> 1) put
        on conflict (key) do update set version = excluded.version, value = excluded.value;
      insert into ${s}.changes (position, key)
        select head + place, put ->> 0 from jsonb_array_elements(entry -> 1) with ordinality puts(put, place);
      head := head + jsonb_array_length(entry -> 1);
    end if;
    if jsonb_array_length(entry -> 2) > 0 then
      with gone as (
        delete from ${s}.records where key in (select jsonb_array_elements_text(entry -> 2)) returning key
      )
      insert into ${s}.changes (position, key)
        select head + row_number() over (order by deleted.place), gone.key
        from gone join jsonb_array_elements_text(entry -> 2) with ordinality deleted(key, place) using (key);
      get diagnostics written = row_count;
      head := head + written;
    end if;
    if turns and entry ->> 3 is not null then
      delete from ${s}.turns where id = entry ->> 3 returning key into ended;
      if found then perform ${s}.advance_turns(ended); end if;
    end if;
  end loop;
end
$function$;
`;
}

/**
 * The heartbeat: a commit, which the primary alone can have acknowledged. It updates the node's row, or, of a node that
 * leaves, its session. A process that joins takes the row of its node: another one with it is `superseded` from then on.
 * The age is that of the server as the primary: since the first heartbeat on its timeline, and since its start, because a
 * service that fails over by its storage keeps the timeline. Where no node has joined, none asks elsewhere. A late
 * one of the same session changes no batch of it. It also removes turns that nothing else would: of records that are not
 * asked for again.
 */
function pulseSql(s: string): string {
  return `
create or replace function ${s}.pulse(
  of_node text, of_session text, node_name text, node_details jsonb, kind text, lock_ms integer,
  out verdict text, out timeline text, out life text, out age_ms double precision, out store_id text,
  out clock_ms double precision, out reached bigint, out number bigint
) language plpgsql volatile as $function$
declare
  alive boolean := true;
  alone boolean := false;
begin${prologue}${durable}
  timeline := ${stamp};
  life := ${life};
  if kind = 'joins' then
    alone := not exists (select from ${s}.nodes);
    insert into ${s}.sessions (node, session) values (of_node, of_session)
      on conflict (node) do update set session = excluded.session, number = 0, outcomes = '{}'
        where sessions.session <> excluded.session;
    insert into ${s}.nodes (id, session, name, details) values (of_node, of_session, node_name, node_details)
      on conflict (id) do update set session = excluded.session, name = excluded.name, details = excluded.details,
        started = clock_timestamp(), seen = clock_timestamp();
  elsif kind = 'stays' then
    update ${s}.nodes set seen = clock_timestamp(), details = node_details where id = of_node and session = of_session;
    alive := found;
    delete from ${s}.turns where id in (select id from ${s}.turns where ${overdue} for update skip locked);
  else
    delete from ${s}.nodes where id = of_node and session = of_session;
    update ${s}.sessions set asked = asked + 1 where node = of_node and session = of_session;
    alive := found;
  end if;
  verdict := case when alive then 'alive'
    when exists (select from ${s}.nodes where id = of_node) then 'superseded'
    when exists (select from ${s}.sessions where node = of_node) then 'removed' else 'unknown' end;
  insert into ${s}.timelines (timeline, seen)
    select pulse.timeline, case when exists (select from ${s}.timelines) then clock_timestamp() else '-infinity' end
    on conflict do nothing;
  select extract(epoch from clock_timestamp() - greatest(t.seen, pg_postmaster_start_time())) * 1000
    into age_ms from ${s}.timelines t where t.timeline = pulse.timeline;
  if alone then age_ms := 86400000; end if;
  select id::text, coalesce((select max(position) from ${s}.changes), forgotten) into store_id, reached from ${s}.store;
  select t.number into number from ${s}.sessions t where node = of_node and session = of_session;
  clock_ms := extract(epoch from clock_timestamp()) * 1000;
end
$function$;
`;
}

/**
 * The turns of one record. The first is the head, and has its time by the database's clock; the others ask again, and
 * one that does not is dropped. They are under the same lock as the batches; nothing of them need be durable.
 */
function turnsSql(s: string): string {
  return `
create or replace function ${s}.advance_turns(of_key text) returns void language plpgsql volatile as $function$
begin
  delete from ${s}.turns where key = of_key and ${overdue};
  if exists (select from ${s}.turns where key = of_key and head is not null) then return; end if;
  update ${s}.turns set head = clock_timestamp()
    where id = (select id from ${s}.turns where key = of_key order by number limit 1);
  if found then perform pg_notify('${unquoted(s)}', 'turn'); end if;
end
$function$;
create or replace function ${s}.ask_turns(keys text[], ids text[], lock_ms integer) returns text[]
language plpgsql volatile as $function$
begin${prologue}
  perform set_config('synchronous_commit', 'off', true);${lock(s)}
  insert into ${s}.turns (id, key) select * from unnest(ids, keys)
    on conflict (id) do update set asked = clock_timestamp();
  perform ${s}.advance_turns(waits.key) from (select distinct unnest(keys) as key) waits;
  return array(select id from ${s}.turns where id = any(ids) and head is not null);
end
$function$;
create or replace function ${s}.leave_turn(of_key text, of_id text, lock_ms integer) returns void
language plpgsql volatile as $function$
begin${prologue}
  perform set_config('synchronous_commit', 'off', true);${lock(s)}
  delete from ${s}.turns where id = of_id;
  perform ${s}.advance_turns(of_key);
end
$function$;
`;
}
