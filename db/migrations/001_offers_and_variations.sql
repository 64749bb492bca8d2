-- Offers and their text variations. Both tables may already exist with data (the specification's Phase 2):
-- then only what is missing is added, and no row is touched but by column defaults.

create table if not exists promo_offers (
  id serial primary key,
  name varchar(255) not null,
  offer_type varchar(50) not null default 'affiliate',
  total_impressions bigint not null default 0,
  total_clicks bigint not null default 0,
  ctr numeric(12, 2)
);

create table if not exists promo_text_variations (
  id serial primary key,
  offer_id integer not null references promo_offers (id) on delete cascade,
  text_content text not null,
  cta_text varchar(255),
  tone varchar(50),
  length_category varchar(50),
  approved boolean not null default false
);

-- PostgreSQL refuses to widen a column that a trigger names.
drop trigger if exists trigger_update_offer_ctr on promo_offers;
drop trigger if exists trigger_update_variation_ctr on promo_text_variations;

alter table promo_offers
  add column if not exists total_impressions bigint not null default 0,
  add column if not exists total_clicks bigint not null default 0,
  add column if not exists ctr numeric(12, 2),
  add column if not exists link_slug text check (link_slug = lower(link_slug)),
  add column if not exists weight integer not null default 1 check (weight >= 0),
  add column if not exists active boolean not null default true;

-- 215 sends to ten million recipients would overflow an integer, and a CTR of 1,000 % a numeric(5, 2):
-- either would make the statement fail that records the click.
alter table promo_offers
  alter column total_impressions type bigint,
  alter column total_clicks type bigint,
  alter column ctr type numeric(12, 2);

alter table promo_text_variations
  add column if not exists impressions bigint not null default 0,
  add column if not exists clicks bigint not null default 0,
  add column if not exists ctr numeric(12, 2);

alter table promo_text_variations
  alter column impressions type bigint,
  alter column clicks type bigint,
  alter column ctr type numeric(12, 2);

-- What events refer to: an offer together with a variation of its own. One check an event instead of two.
create unique index if not exists idx_variation_of_offer on promo_text_variations (offer_id, id);
create index if not exists idx_offer_link_slug on promo_offers (link_slug);

create or replace function promo_ctr(clicks bigint, impressions bigint) returns numeric
language sql immutable parallel safe as $$
  select case when impressions > 0 then least(clicks::numeric / impressions * 100, 9999999999.99) end
$$;

create or replace function update_offer_ctr() returns trigger language plpgsql as $$
begin
  new.ctr = promo_ctr(new.total_clicks, new.total_impressions);
  return new;
end;
$$;

create or replace function update_variation_ctr() returns trigger language plpgsql as $$
begin
  new.ctr = promo_ctr(new.clicks, new.impressions);
  return new;
end;
$$;

create trigger trigger_update_offer_ctr
  before insert or update of total_impressions, total_clicks on promo_offers
  for each row execute function update_offer_ctr();

create trigger trigger_update_variation_ctr
  before insert or update of impressions, clicks on promo_text_variations
  for each row execute function update_variation_ctr();

-- A deleted variation takes its events and rollups with it; without this its offer would go on counting them.
create or replace function subtract_deleted_variation() returns trigger language plpgsql as $$
begin
  update promo_offers
  set total_impressions = greatest(0, total_impressions - old.impressions),
      total_clicks = greatest(0, total_clicks - old.clicks)
  where id = old.offer_id and (old.impressions > 0 or old.clicks > 0);
  return null;
end;
$$;

create trigger trigger_subtract_deleted_variation
  after delete on promo_text_variations
  for each row execute function subtract_deleted_variation();
