-- Clicks are settled in the order of their ids, which is the order in which they arrived: by "recorded_at" those that came after
-- the database's clock had been put back would never have been settled. An index less to write, too.

alter table promo_settlement add column click_id bigint not null default 0;

-- Locks recording and settling out until the mark has moved.
lock table promo_click_tracking in share row exclusive mode;

update promo_settlement settled
set click_id = coalesce((
  select max(id) from promo_click_tracking c where (c.recorded_at, c.event_id) <= (settled.recorded_at, settled.event_id)
), 0);

-- Recorded at the same moment by several connections: what has a lower id and was to be settled later.
update promo_click_tracking c
set id = nextval('promo_click_tracking_id_seq')
from promo_settlement settled
where c.id <= settled.click_id and (c.recorded_at, c.event_id) > (settled.recorded_at, settled.event_id);

drop index idx_click_recorded;

-- An instance of the version before would settle clicks again that this version has settled: it leaves that to this one.
create function promo_keep_settling_order() returns trigger language plpgsql as $$
begin
  if new.click_id = old.click_id and (new.recorded_at, new.event_id) <> (old.recorded_at, old.event_id) then
    raise exception 'clicks are settled by a newer version';
  end if;
  return new;
end;
$$;

create trigger trigger_keep_settling_order before update on promo_settlement
for each row execute function promo_keep_settling_order();
