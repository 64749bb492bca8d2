-- Where a slug leads. Offers name the slug without a foreign key, since links may also come from elsewhere.

create table affiliate_links (
  slug text primary key check (slug ~ '^[a-z0-9][a-z0-9_-]{0,99}$'),
  destination_url text not null check (destination_url ~ '^https?://' and length(destination_url) <= 2048),
  active boolean not null default true,
  utm jsonb not null default '{}' check (jsonb_typeof(utm) = 'object'),
  pass_parameters boolean not null default false,
  updated_at timestamptz not null default now()
);
