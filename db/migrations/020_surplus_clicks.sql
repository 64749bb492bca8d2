-- Machine clicks beyond what one address may add click by click are added up: a row for each text, reason and minute of a
-- process, however many clicks it stands for.

create table promo_surplus_clicks (
  event_id uuid primary key,
  offer_id integer not null,
  variation_id integer not null,
  clicked_at timestamptz not null,
  reason text not null,
  clicks integer not null check (clicks > 0),
  previous_clicks integer not null default 0,
  settled_clicks integer not null default 0,
  recorded_at timestamptz not null default now(),
  foreign key (offer_id, variation_id) references promo_text_variations (offer_id, id) on delete cascade
);

create index idx_surplus_unsettled on promo_surplus_clicks (recorded_at) where settled_clicks < clicks;
