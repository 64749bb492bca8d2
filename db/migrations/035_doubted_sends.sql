-- Keeps the former version right: it does not know these, and tells of doubted sends after somebody has read a report.
-- Sends whose rate is far from their neighbours', as the statistics found them last; of the last week only.
create table promo_doubted_sends (
  impression_id bigint primary key references promo_impression_tracking (id) on delete cascade,
  factor double precision not null,
  usual_recipients bigint not null
);

-- When an instance last looked for them.
alter table promo_settlement add column doubted_at timestamptz not null default '-infinity';
