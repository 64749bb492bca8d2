-- How many visitors of one address count is bounded, and whoever asks not to be kept counts once all the same.

-- A part of the address's hash, which is enough to tell the addresses of a month apart. "newcomer" is told of a visitor
-- without a hash: whether this is the first click that the instance knows of on this text.
alter table promo_click_tracking
  add column address_hash varchar(16),
  add column newcomer boolean;

alter table promo_clickers add column address_hash varchar(16);

-- Finds how many visitors of an address a send has.
create index idx_clicker_address on promo_clickers (address_hash, variation_id, impression_id) where address_hash is not null;

-- As before, with the new columns.
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
         verdict, reason, rules_version, device, browser, os, recorded_at, sign, address_hash, newcomer
     )
     insert into %I (id, event_id, offer_id, variation_id, clicked_at, referrer, user_agent, ip_hash,
       verdict, reason, rules_version, device, browser, os, recorded_at, sign, address_hash, newcomer)
     select * from moved',
    range_start, range_end, name);
  execute format(
    'alter table promo_click_tracking attach partition %I for values from (%L) to (%L)',
    name, range_start, range_end);
  return true;
end;
$$;
