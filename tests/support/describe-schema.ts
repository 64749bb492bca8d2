import type { Sql } from '../../src/lib/database/sql.ts'

/**
 * The public schema as SQL-looking text that is the same on every PostgreSQL from 15 to 18, for comparing databases;
 * `pg_dump` is not there on every machine. Partitions of months come and go, so they are left out.
 */
export async function describeSchema(sql: Sql): Promise<string> {
  const parts = [await tables(sql), await indexes(sql), await functions(sql), await triggers(sql)]
  return `${parts
    .flat()
    .map(({ text }) => text)
    .join('\n\n')}\n`
}

type SchemaPart = { text: string }

/** Ordinary, partitioned and default tables, and the sequences behind their ids. */
const tables = (sql: Sql) => sql<SchemaPart[]>`
  with columns as (
    select attrelid, attnum, '  ' || attname || ' ' || format_type(atttypid, atttypmod)
      || case when attnotnull then ' not null' else '' end
      || case
        when attgenerated = 's' then ' generated always as (' || pg_get_expr(adbin, adrelid, true) || ') stored'
        when adbin is not null then ' default ' || pg_get_expr(adbin, adrelid, true)
        else ''
      end as line
    from pg_attribute
    left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where attnum > 0 and not attisdropped
  ), constraints as (
    -- PostgreSQL 18 also lists "not null" here, which the columns already show.
    select conrelid, conname, '  constraint ' || conname || ' ' || pg_get_constraintdef(oid, true) as line
    from pg_constraint
    where contype in ('p', 'u', 'f', 'c', 'x')
  ), lines as (
    select attrelid as relation, 1 as part, attnum as position, null as name, line from columns
    union all
    select conrelid, 2, 0, conname, line from constraints
  )
  select case relation.relkind
    when 'S' then 'create sequence ' || relation.relname || ' as ' || format_type(seqtypid, null) || coalesce(
      (
        select ' owned by ' || refobjid::regclass || '.' || attname
        from pg_depend
        join pg_attribute on attrelid = refobjid and attnum = refobjsubid
        where objid = relation.oid and deptype = 'a'
      ),
      ''
    )
    when 'r' then 'create table ' || relation.relname || case
      when relation.relispartition then
        ' partition of ' || parent.relname || ' ' || pg_get_expr(relation.relpartbound, relation.oid)
      else body.text
    end
    else 'create table ' || relation.relname || body.text || ' partition by ' || pg_get_partkeydef(relation.oid)
  end || ';' as text
  from pg_class relation
  left join pg_sequence on seqrelid = relation.oid
  left join pg_inherits on inhrelid = relation.oid
  left join pg_class parent on parent.oid = inhparent
  cross join lateral (
    select E' (\n' || string_agg(line, E',\n' order by part, position, name collate "C") || E'\n)' as text
    from lines
    where lines.relation = relation.oid
  ) body
  where relation.relnamespace = 'public'::regnamespace and relation.relkind in ('r', 'p', 'S')
    and relation.relname !~ '_[0-9]{4}_[0-9]{2}$'
  order by relation.relkind <> 'S', relation.relispartition, relation.relname collate "C"
`

/** Those that no constraint and no partitioned table brings with it. */
const indexes = (sql: Sql) => sql<SchemaPart[]>`
  select pg_get_indexdef(indexrelid, 0, true) || ';' as text
  from pg_index
  join pg_class on pg_class.oid = indexrelid
  where relnamespace = 'public'::regnamespace and not relispartition
    and not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u', 'x'))
    and relname !~ '_[0-9]{4}_[0-9]{2}'
  order by relname collate "C"
`

const functions = (sql: Sql) => sql<SchemaPart[]>`
  select rtrim(pg_get_functiondef(oid), E'\n') || ';' as text
  from pg_proc
  where pronamespace = 'public'::regnamespace
  order by proname collate "C", oid::regprocedure::text collate "C"
`

const triggers = (sql: Sql) => sql<SchemaPart[]>`
  select pg_get_triggerdef(pg_trigger.oid, true) || ';' as text
  from pg_trigger
  join pg_class on pg_class.oid = tgrelid
  where relnamespace = 'public'::regnamespace and not tgisinternal and tgparentid = 0
  order by relname collate "C", tgname collate "C"
`
