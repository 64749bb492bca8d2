-- A send can be split into segments, each with a variation of its own; and why each variation was chosen is kept.

alter table promo_decisions
  add column segment smallint not null default 1 check (segment between 1 and 8),
  add column seed bigint check (seed between 0 and 4294967295),
  add column basis jsonb;

alter table promo_decisions drop constraint promo_decisions_pkey;
alter table promo_decisions add primary key (newsletter_send_id, segment);

create unique index idx_decision_variation on promo_decisions (newsletter_send_id, variation_id);
create index idx_decision_time on promo_decisions (decided_at);
