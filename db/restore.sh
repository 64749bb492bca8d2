#!/bin/sh
# Restores a backup while sites are running: all of it or nothing, in one transaction, so that nobody ever sees empty
# tables. Sites redirect meanwhile, and keep clicks in their journals.
#
#   DATABASE_URL=postgres://… db/restore.sh promo.dump
set -eu
[ $# -eq 1 ] || { echo 'usage: DATABASE_URL=postgres://… db/restore.sh FILE' >&2; exit 2; }
: "${DATABASE_URL:?is not set: name the database to restore}"

folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
trap 'exit 1' HUP INT TERM

pg_restore --clean --if-exists --no-owner --file="$folder/restore.sql" "$1"
schemas=$(sed -n "/^CREATE /q; s/'/''/g; s/^DROP SCHEMA IF EXISTS \(.*\);\$/\1/p" "$folder/restore.sql")

{
  printf "set promo.schemas = '%s';\n" "$schemas"
  cat <<'SQL'
\set SHOW_CONTEXT never
do $$
declare
  lacking text;
begin
  select string_agg(remedy, '; ') into lacking
  from (
    select format('alter schema %s owner to %I', name, current_user) as remedy
    from string_to_table(current_setting('promo.schemas'), E'\n') as name
    join pg_namespace n on n.oid = to_regnamespace(name)
    where not pg_has_role(n.nspowner, 'usage')
    union all
    select format('grant create on database %I to %I', current_database(), current_user)
    where current_setting('promo.schemas') <> '' and not has_database_privilege(current_database(), 'create')
  ) as remedies;
  if lacking is not null then
    raise exception 'the role % may not create the schemas of this backup anew: run "%" as a superuser, then try again',
      current_user, lacking;
  end if;
end;
$$;
-- The tables are locked together or not at all: waiting for one while holding others, this could stand against a
-- flush. They are dropped here, since pg_restore drops the keys of partitions by themselves, which PostgreSQL
-- refuses, and does not know of tables and functions that are newer than the backup.
set client_min_messages = warning;
do $$
declare
  schemas oid[] := array(select relnamespace from pg_class where relname = 'promo_migrations' and relkind = 'r');
  ours text;
  known record;
  tries integer := 0;
begin
  select string_agg(oid::regclass::text, ', ') into ours
  from pg_class
  where relnamespace = any (schemas) and relkind in ('r', 'p')
    and (relname like 'promo\_%' or relname = 'affiliate_links');
  if ours is null then
    return;
  end if;
  loop
    begin
      execute format('lock table %s in access exclusive mode nowait', ours);
      exit;
    exception when lock_not_available then
      tries := tries + 1;
      if tries = 1200 then
        raise exception 'somebody has been using the tables for a minute: try again later';
      end if;
      perform pg_sleep(0.05);
    end;
  end loop;
  execute format('drop table %s', ours);
  for known in
    select oid::regprocedure as name from pg_proc
    where pronamespace = any (schemas) and proname like 'promo\_%'
  loop
    execute format('drop function %s', known.name);
  end loop;
end;
$$;
SQL
} > "$folder/before.sql"
psql --no-psqlrc --quiet --single-transaction --set ON_ERROR_STOP=1 --output=/dev/null --dbname="$DATABASE_URL" \
  --file="$folder/before.sql" --file="$folder/restore.sql"
