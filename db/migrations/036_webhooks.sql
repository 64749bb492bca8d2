-- Keeps the former version right: it knows nothing of these tables, and tells nobody of anything.
-- Who is to be told of what, and what each was told of: once, however many instances see it.

create table promo_webhooks (
  id integer generated always as identity primary key,
  url text not null check (length(url) <= 2048),
  secret text not null,
  events text[] not null,
  added_at timestamptz not null default now(),
  answers jsonb not null default '[]'
);

create table promo_webhook_news (
  webhook_id integer not null references promo_webhooks on delete cascade,
  subject text not null,
  state text not null,
  seen_at timestamptz not null default now(),
  primary key (webhook_id, subject)
);

create index idx_webhook_news_seen on promo_webhook_news (seen_at);
