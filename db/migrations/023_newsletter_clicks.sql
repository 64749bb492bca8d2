-- Keeps the former version right: it records as before, and leaves settling to this version.
-- Settled clicks on the sends of newsletters that have a name, by hour and text; those of the one without are what is left, but for
-- its visitors, who may be those of others as well.
create table promo_newsletter_metrics (
  newsletter text not null,
  hour timestamptz not null,
  offer_id integer not null,
  variation_id integer not null,
  clicks bigint not null default 0,
  human_clicks bigint not null default 0,
  machine_clicks bigint not null default 0,
  duplicate_clicks bigint not null default 0,
  uncertain_clicks bigint not null default 0,
  unique_clicks bigint not null default 0,
  primary key (variation_id, newsletter, hour),
  foreign key (offer_id, variation_id) references promo_text_variations (offer_id, id) on delete cascade
);

create index idx_newsletter_hour on promo_newsletter_metrics (newsletter, hour);
create index idx_impression_of_newsletter on promo_impression_tracking (newsletter, tracked_at);

-- How often clicks were settled. Whoever moves the mark without raising it does not know all that settling adds up.
alter table promo_settlement add column rounds bigint not null default 0;

create or replace function promo_keep_settling_order() returns trigger language plpgsql as $$
begin
  if new.click_id = old.click_id and (new.recorded_at, new.event_id) <> (old.recorded_at, old.event_id)
    or new.click_id > old.click_id and new.rounds = old.rounds then
    raise exception 'clicks are settled by a newer version';
  end if;
  return new;
end;
$$;
