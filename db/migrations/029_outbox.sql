-- Keeps the former version right: it knows nothing of the table and settles clicks without it.
-- What is to be told to other servers waits here: it is written with what it tells of, and sent later, whether or not they
-- answer at that moment.

create table promo_outbox (
  id bigint generated always as identity primary key,
  target text not null check (target ~ '^[a-z]+(:[0-9]+)?$'),
  body jsonb not null,
  created_at timestamptz not null default now(),
  due_at timestamptz not null default now(),
  attempts integer not null default 0,
  refused text
);

create index idx_outbox_due on promo_outbox (target, due_at, id);
