-- Keeps the former version right: it calls the function as before, which moves the same columns.

-- As before, with the columns that the table has when a partition is made: a new one needs no new function.
create or replace function promo_make_click_partition(day date) returns boolean language plpgsql
set lock_timeout = '3s' as $$
declare
  first_day date := date_trunc('month', day)::date;
  name text := format('promo_click_tracking_%s', to_char(first_day, 'YYYY_MM'));
  range_start timestamptz := first_day::timestamp at time zone 'UTC';
  range_end timestamptz := (first_day + interval '1 month')::timestamp at time zone 'UTC';
  columns text;
begin
  perform pg_advisory_xact_lock(hashtextextended('promo_click_partitions', 0));
  if to_regclass(name) is not null then
    return false;
  end if;
  -- Writers take the parent's lock before the default partition's; taking them in another order would deadlock.
  lock table only promo_click_tracking in share row exclusive mode;
  execute format('create table %I (like promo_click_tracking including all)', name);
  lock table promo_click_tracking_default in access exclusive mode;
  select string_agg(quote_ident(attname), ', ' order by attnum) into columns
  from pg_attribute
  where attrelid = 'promo_click_tracking'::regclass and attnum > 0 and not attisdropped and attgenerated = '';
  execute format(
    'with moved as (
       delete from promo_click_tracking_default where clicked_at >= %L and clicked_at < %L returning %s
     )
     insert into %I (%s) select * from moved',
    range_start, range_end, columns, name, columns);
  execute format(
    'alter table promo_click_tracking attach partition %I for values from (%L) to (%L)',
    name, range_start, range_end);
  return true;
end;
$$;
