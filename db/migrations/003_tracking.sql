-- What happened: impressions and clicks, each exactly once, and their sums by hour.

create table promo_impression_tracking (
  id bigserial primary key,
  event_id uuid not null default gen_random_uuid(),
  offer_id integer not null,
  variation_id integer not null,
  newsletter_send_id varchar(100),
  recipients integer not null default 1 check (recipients between 1 and 10000000),
  -- What the last report found here: "recipients - previous_recipients" is what it changed, whoever else reports at
  -- the same time, because the database sets it from the locked row.
  previous_recipients integer not null default 0,
  tracked_at timestamptz not null default now(),
  -- When the report was made that "recipients" comes from: an older one that arrives later changes nothing.
  reported_at timestamptz not null default now(),
  tracked_date date not null generated always as ((tracked_at at time zone 'UTC')::date) stored,
  foreign key (offer_id, variation_id) references promo_text_variations (offer_id, id) on delete cascade
);

create index idx_impression_offer on promo_impression_tracking (offer_id);
create index idx_impression_variation on promo_impression_tracking (variation_id);
create index idx_impression_date on promo_impression_tracking (tracked_date);
create unique index idx_impression_newsletter on promo_impression_tracking (newsletter_send_id, variation_id);
create unique index idx_impression_event on promo_impression_tracking (event_id) where newsletter_send_id is null;

create table promo_click_tracking (
  id bigserial not null,
  event_id uuid not null default gen_random_uuid(),
  offer_id integer not null,
  variation_id integer not null,
  clicked_at timestamptz not null default now(),
  clicked_date date not null generated always as ((clicked_at at time zone 'UTC')::date) stored,
  referrer varchar(500),
  user_agent varchar(500),
  ip_hash varchar(64),
  verdict text not null default 'human' check (verdict in ('human', 'machine', 'duplicate')),
  reason text not null default 'none',
  rules_version smallint not null default 1,
  device text,
  browser text,
  os text,
  primary key (id, clicked_at),
  unique (event_id, clicked_at),
  foreign key (offer_id, variation_id) references promo_text_variations (offer_id, id) on delete cascade
) partition by range (clicked_at);

create index idx_click_offer on promo_click_tracking (offer_id);
create index idx_click_variation on promo_click_tracking (variation_id);
create index idx_click_date on promo_click_tracking (clicked_date);

-- Takes the clicks of months that have no partition yet, so that none is ever refused.
create table promo_click_tracking_default partition of promo_click_tracking default;

-- Makes the partition of the month that "day" lies in (UTC) and moves clicks out of the default partition into it.
-- Answers whether it was missing. Safe beside writers and beside other instances; waiting in vain for a lock it fails
-- rather than hold up the writers behind it.
create function promo_make_click_partition(day date) returns boolean language plpgsql
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
         verdict, reason, rules_version, device, browser, os
     )
     insert into %I (id, event_id, offer_id, variation_id, clicked_at, referrer, user_agent, ip_hash,
       verdict, reason, rules_version, device, browser, os)
     select * from moved',
    range_start, range_end, name);
  execute format(
    'alter table promo_click_tracking attach partition %I for values from (%L) to (%L)',
    name, range_start, range_end);
  return true;
end;
$$;

create table promo_performance_metrics (
  hour timestamptz not null,
  offer_id integer not null,
  variation_id integer not null,
  impressions bigint not null default 0,
  recipients bigint not null default 0,
  clicks bigint not null default 0,
  human_clicks bigint not null default 0,
  machine_clicks bigint not null default 0,
  duplicate_clicks bigint not null default 0,
  primary key (variation_id, hour),
  foreign key (offer_id, variation_id) references promo_text_variations (offer_id, id) on delete cascade
);

create index idx_metrics_hour on promo_performance_metrics (hour);
create index idx_metrics_offer_hour on promo_performance_metrics (offer_id, hour);

-- Event ids that callers chose themselves: a retry carries the same id at another time, so the events' own keys,
-- which include the time, do not catch it.
create table promo_event_keys (
  event_id uuid primary key,
  recorded_at timestamptz not null default now()
);

create index idx_event_keys_recorded on promo_event_keys (recorded_at);

create table promo_hash_salts (
  month date primary key check (extract(day from month) = 1),
  salt bytea not null check (length(salt) = 32),
  created_at timestamptz not null default now()
);
