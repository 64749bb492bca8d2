-- Tokens of another back end that began a session here: each does so once, and its sessions can be ended.

create table promo_handed_over_tokens (
  id serial primary key,
  digest bytea not null check (length(digest) = 32),
  subject text not null,
  session_version integer not null default 1,
  kept_until timestamptz not null
);

create unique index idx_handed_over_digest on promo_handed_over_tokens (digest);
create index idx_handed_over_subject on promo_handed_over_tokens (subject);
