-- Verdicts become final when the observation window has passed: what the request itself showed is kept until then.

alter table promo_click_tracking add column sign text check (sign in ('no_user_agent', 'stale_user_agent'));

-- Finds the clicks around a click. It costs next to nothing to keep, since clicks are recorded in order of their time.
create index idx_click_time on promo_click_tracking using brin (clicked_at) with (pages_per_range = 16, autosummarize = on);

-- A reason leads to a verdict, and the breakdown says to which: "clicks" without human and machine ones are duplicates,
-- of which there were none so far.
alter table promo_click_breakdown add column machine_clicks bigint not null default 0;
update promo_click_breakdown set machine_clicks = clicks - human_clicks;

-- So far every reason beside "none" made a human click uncertain, and only sample data had any; no weak sign was known.
update promo_performance_metrics set uncertain_clicks = 0 where uncertain_clicks > 0;
update promo_daily_metrics set uncertain_clicks = 0 where uncertain_clicks > 0;

-- When an instance last took on the purge of a day.
create table promo_retention (
  only_row boolean primary key default true check (only_row),
  purged_at timestamptz not null default '-infinity'
);

insert into promo_retention default values;

-- As before, with the new column.
create or replace function promo_make_click_partition(day date) returns boolean language plpgsql
set lock_timeout = '3s' as $$
declare
  first_day date := date_trunc('month', day)::date;
  name text := format('promo_click_tracking_%s', to_char(first_day, 'YYYY_MM'));
  range_start timestamptz := first_day::timestamp at time zone 'UTC';
  range_end timestamptz := (first_day + interval '1 month')::timestamp at time zone 'UTC';
begin
  perform pg_advisory_xact_lock(hashtextextended('promo_click_partitions', 0));
  if to_regclass(name) is not null then
    return false;
  end if;
  -- Writers take the parent's lock before the default partition's; taking them in another order would deadlock.
  lock table only promo_click_tracking in share row exclusive mode;
  execute format('create table %I (like promo_click_tracking including all)', name);
  lock table promo_click_tracking_default in access exclusive mode;
  execute format(
    'with moved as (
       delete from promo_click_tracking_default where clicked_at >= %L and clicked_at < %L
       returning id, event_id, offer_id, variation_id, clicked_at, referrer, user_agent, ip_hash,
         verdict, reason, rules_version, device, browser, os, recorded_at, sign
     )
     insert into %I (id, event_id, offer_id, variation_id, clicked_at, referrer, user_agent, ip_hash,
       verdict, reason, rules_version, device, browser, os, recorded_at, sign)
     select * from moved',
    range_start, range_end, name);
  execute format(
    'alter table promo_click_tracking attach partition %I for values from (%L) to (%L)',
    name, range_start, range_end);
  return true;
end;
$$;
