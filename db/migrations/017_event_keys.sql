-- What an event said that a caller gave an id of its own, so that the same id for something else is noticed. Keys of the version
-- before have none and are taken for retries, as it takes them.
alter table promo_event_keys add column fingerprint integer;

-- When recipients were corrected more than a day after the send: two newsletters may share an id.
alter table promo_impression_tracking add column corrected_late_at timestamptz;

create index idx_impression_corrected_late on promo_impression_tracking (corrected_late_at)
  where corrected_late_at is not null;

-- A send that was reported can be corrected to none.
alter table promo_impression_tracking drop constraint promo_impression_tracking_recipients_check;
alter table promo_impression_tracking
  add constraint promo_impression_tracking_recipients_check check (recipients between 0 and 10000000);
