-- Keeps the former version right: it removes details as before and leaves the new columns alone, which tell what this version has
-- looked at.
-- A purge finds what it removes without reading what it leaves.

-- No click with an id up to "details_removed_to" that is older than "details_removed_before" has details.
alter table promo_retention
  add column details_removed_before timestamptz not null default '-infinity',
  add column details_removed_to bigint not null default 0;

create index idx_surplus_time on promo_surplus_clicks (clicked_at);
create index idx_conversion_time on promo_conversions (occurred_at);
create index idx_crowd_month on promo_crowds (month);
create index idx_crowd_visit_month on promo_crowd_visits (month);
