-- What is added up of a click a little after it was recorded, off the way of redirects: whether its visitor is new,
-- where it came from, and which send it belongs to.

-- Clicks are settled in the order in which they were recorded, so that one that arrives late is not passed over.
alter table promo_click_tracking add column recorded_at timestamptz not null default now();

create index idx_click_recorded on promo_click_tracking (recorded_at, event_id);

-- The last click that was settled: everything up to it is final.
create table promo_settlement (
  only_row boolean primary key default true check (only_row),
  recorded_at timestamptz not null default '-infinity',
  event_id uuid not null default '00000000-0000-0000-0000-000000000000',
  settled_at timestamptz not null default now()
);

insert into promo_settlement default values;

-- "uncertain" clicks are human ones with a weak sign of a machine. "unique" counts a visitor once a variation and salt
-- month, in the hour of the first click, when that is settled.
alter table promo_performance_metrics
  add column uncertain_clicks bigint not null default 0,
  add column unique_clicks bigint not null default 0;

-- The hourly rollup by UTC day, for long ranges.
create table promo_daily_metrics (
  day date not null,
  offer_id integer not null,
  variation_id integer not null,
  impressions bigint not null default 0,
  recipients bigint not null default 0,
  clicks bigint not null default 0,
  human_clicks bigint not null default 0,
  machine_clicks bigint not null default 0,
  duplicate_clicks bigint not null default 0,
  uncertain_clicks bigint not null default 0,
  unique_clicks bigint not null default 0,
  primary key (variation_id, day),
  foreign key (offer_id, variation_id) references promo_text_variations (offer_id, id) on delete cascade
);

create index idx_daily_day on promo_daily_metrics (day);

insert into promo_daily_metrics (
  day, offer_id, variation_id, impressions, recipients, clicks, human_clicks, machine_clicks, duplicate_clicks
)
select
  (hour at time zone 'UTC')::date, offer_id, variation_id, sum(impressions), sum(recipients), sum(clicks),
  sum(human_clicks), sum(machine_clicks), sum(duplicate_clicks)
from promo_performance_metrics
group by 1, 2, 3;

-- Visitors that have been counted, for as long as their hashes are kept. Send 0: before the variation's first send.
create table promo_clickers (
  ip_hash varchar(64) not null,
  variation_id integer not null references promo_text_variations (id) on delete cascade,
  impression_id bigint not null default 0,
  first_clicked_at timestamptz not null,
  primary key (ip_hash, variation_id, impression_id)
);

create index idx_clicker_first on promo_clickers (first_clicked_at);
create index idx_clicker_variation on promo_clickers (variation_id);

-- Settled clicks of a send by hours since it, and its visitors by their first click; "hours" is where a span begins: 0, 1, 2, 3, 6, 12, 24, 48, 72 or 168.
create table promo_send_metrics (
  impression_id bigint not null references promo_impression_tracking (id) on delete cascade,
  hours smallint not null check (hours in (0, 1, 2, 3, 6, 12, 24, 48, 72, 168)),
  clicks bigint not null default 0,
  human_clicks bigint not null default 0,
  clickers bigint not null default 0,
  primary key (impression_id, hours)
);

-- Finds the send that a click belongs to: the newest of its variation.
create index idx_impression_send on promo_impression_tracking (variation_id, tracked_at)
  where newsletter_send_id is not null;

-- Settled clicks by UTC day and by one thing known of them.
create table promo_click_breakdown (
  day date not null,
  offer_id integer not null,
  variation_id integer not null,
  dimension text not null check (dimension in ('device', 'browser', 'os', 'referrer', 'reason')),
  value text not null,
  clicks bigint not null default 0,
  human_clicks bigint not null default 0,
  primary key (variation_id, day, dimension, value),
  foreign key (offer_id, variation_id) references promo_text_variations (offer_id, id) on delete cascade
);

create index idx_breakdown_day on promo_click_breakdown (day);

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
         verdict, reason, rules_version, device, browser, os, recorded_at
     )
     insert into %I (id, event_id, offer_id, variation_id, clicked_at, referrer, user_agent, ip_hash,
       verdict, reason, rules_version, device, browser, os, recorded_at)
     select * from moved',
    range_start, range_end, name);
  execute format(
    'alter table promo_click_tracking attach partition %I for values from (%L) to (%L)',
    name, range_start, range_end);
  return true;
end;
$$;
