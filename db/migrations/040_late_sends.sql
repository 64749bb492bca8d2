-- Keeps the former version right: it reads and writes the other columns of the row alone.
-- Sends of the last week that were probably reported late, as the statistics found them last; newest first.
alter table promo_settlement add column late_sends text[] not null default '{}';
