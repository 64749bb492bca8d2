-- Keeps the former version right: it knows no conversions, and leaves lines of them in a shared journal to this version.
-- What became of clicks: sales, sign-ups and the like, as a merchant's network tells of them. Nothing of a person is in it.

create table promo_conversions (
  id bigserial primary key,
  -- Whose id it is: networks may use the same ones.
  source text not null default '',
  external_id text not null,
  -- The click as its id tells it, whether or not it is known here.
  click_id uuid,
  clicked_at timestamptz,
  offer_id integer,
  variation_id integer,
  newsletter_send_id text,
  -- The send that it counts for; 0 for none.
  impression_id bigint not null default 0,
  newsletter text not null default '',
  amount numeric not null check (amount >= 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  status text not null check (status in ('pending', 'approved', 'rejected')),
  -- What the last report found here: sums move by the difference, which the database sees in the locked row.
  previous_amount numeric,
  previous_currency text,
  previous_status text,
  occurred_at timestamptz not null,
  reported_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  -- Null as long as it waits for its click; the day on which it counts is that of the click, else that of the conversion.
  counted_on date,
  -- When it is looked for its click the next time.
  look_at timestamptz not null default now(),
  unique (source, external_id),
  check ((click_id is null) = (clicked_at is null)),
  check ((offer_id is null) = (variation_id is null)),
  foreign key (offer_id, variation_id) references promo_text_variations (offer_id, id) on delete cascade
);

create index idx_conversion_waiting on promo_conversions (look_at) where counted_on is null;
create index idx_conversion_variation on promo_conversions (variation_id);

-- By day (UTC) and text; without a text those whose click was never found.
create table promo_conversion_metrics (
  day date not null,
  offer_id integer,
  variation_id integer,
  newsletter text not null,
  currency text not null,
  conversions bigint not null default 0,
  pending bigint not null default 0,
  rejected bigint not null default 0,
  revenue numeric not null default 0,
  pending_revenue numeric not null default 0,
  squares numeric not null default 0,
  foreign key (offer_id, variation_id) references promo_text_variations (offer_id, id) on delete cascade
);

create unique index idx_conversion_metrics
  on promo_conversion_metrics (variation_id, day, newsletter, currency) nulls not distinct;
create index idx_conversion_day on promo_conversion_metrics (day);

create table promo_send_conversions (
  impression_id bigint not null references promo_impression_tracking (id) on delete cascade,
  currency text not null,
  conversions bigint not null default 0,
  pending bigint not null default 0,
  rejected bigint not null default 0,
  revenue numeric not null default 0,
  pending_revenue numeric not null default 0,
  squares numeric not null default 0,
  primary key (impression_id, currency)
);
