-- What editors' sessions are signed with: one secret for all instances, made by whichever asks for it first.

create table promo_session_secret (
  only_row boolean primary key default true check (only_row),
  secret bytea not null check (length(secret) >= 32)
);
