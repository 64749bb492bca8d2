-- Which promo was chosen for a send, so that the same send asked again gets the same answer; and who may sign in.

create table promo_decisions (
  newsletter_send_id varchar(100) primary key,
  offer_id integer not null references promo_offers (id) on delete cascade,
  variation_id integer not null references promo_text_variations (id) on delete cascade,
  strategy text not null check (strategy in ('weighted', 'ctr_weighted', 'thompson')),
  probability double precision not null check (probability > 0 and probability <= 1),
  decided_at timestamptz not null default now()
);

create table promo_editors (
  id serial primary key,
  name text not null check (length(name) between 1 and 100),
  password_hash text not null,
  session_version integer not null default 1,
  created_at timestamptz not null default now()
);

create unique index idx_editor_name on promo_editors (lower(name));
