-- Keeps the former version right: it adds nothing to these, which then say of no click that it may be a machine's.
-- Of a send's clickers those with one weak sign of a machine, and its clicks that two weak signs have made a machine's.
alter table promo_send_metrics
  add column uncertain_clickers bigint not null default 0,
  add column doubtful_clicks bigint not null default 0;
