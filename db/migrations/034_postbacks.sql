-- Keeps the former version right: it takes no postbacks.
-- How a network may tell of conversions by calling an address: by a secret for each link, of which only the hash is kept.

create table promo_postbacks (
  slug text primary key check (slug ~ '^[a-z0-9][a-z0-9_-]{0,99}$'),
  secret_hash text not null check (secret_hash ~ '^[0-9a-f]{64}$'),
  source text not null,
  -- Names of the network's own, by ours.
  parameters jsonb not null default '{}' check (jsonb_typeof(parameters) = 'object'),
  changed_at timestamptz not null default now()
);
