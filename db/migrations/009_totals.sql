-- Sums over all texts, by hour and by month: what a report on everything reads in place of every text's own sums.

create table promo_hourly_totals (
  hour timestamptz primary key,
  clicks bigint not null default 0,
  human_clicks bigint not null default 0
);

create table promo_monthly_totals (
  month date not null,
  dimension text not null,
  value text not null,
  clicks bigint not null default 0,
  human_clicks bigint not null default 0,
  machine_clicks bigint not null default 0,
  primary key (month, dimension, value)
);

-- Totals follow the sums of texts whoever writes those: instances of the version before, and deleting a text.
create function promo_add_to_hourly_totals() returns trigger language plpgsql as $$
declare
  sign integer := case tg_op when 'DELETE' then -1 else 1 end;
begin
  -- A statement that records comes here twice, for the rows that it inserted and for those that it updated: their hours are
  -- in no common order, in which two instances would not lock each other out.
  perform pg_advisory_xact_lock(hashtextextended('promo_hourly_totals', 0));
  if tg_op = 'TRUNCATE' then
    delete from promo_hourly_totals;
  elsif tg_op = 'UPDATE' then
    insert into promo_hourly_totals as totals (hour, clicks, human_clicks)
    select hour, sum(clicks), sum(human_clicks)
    from (
      select hour, clicks, human_clicks from added
      union all
      select hour, -clicks, -human_clicks from former
    ) moved
    group by hour
    having sum(clicks) <> 0 or sum(human_clicks) <> 0
    order by hour
    on conflict (hour) do update set
      clicks = totals.clicks + excluded.clicks,
      human_clicks = totals.human_clicks + excluded.human_clicks;
  else
    insert into promo_hourly_totals as totals (hour, clicks, human_clicks)
    select hour, sign * sum(clicks), sign * sum(human_clicks)
    from moved
    group by hour
    having sum(clicks) <> 0 or sum(human_clicks) <> 0
    order by hour
    on conflict (hour) do update set
      clicks = totals.clicks + excluded.clicks,
      human_clicks = totals.human_clicks + excluded.human_clicks;
  end if;
  return null;
end;
$$;

create function promo_add_to_monthly_totals() returns trigger language plpgsql as $$
declare
  sign integer := case tg_op when 'DELETE' then -1 else 1 end;
begin
  if tg_op = 'TRUNCATE' then
    delete from promo_monthly_totals;
  elsif tg_op = 'UPDATE' then
    insert into promo_monthly_totals as totals (month, dimension, value, clicks, human_clicks, machine_clicks)
    select month, dimension, value, sum(clicks), sum(human_clicks), sum(machine_clicks)
    from (
      select month, dimension, value, clicks, human_clicks, machine_clicks from added
      union all
      select month, dimension, value, -clicks, -human_clicks, -machine_clicks from former
    ) moved
    group by 1, 2, 3
    order by 1, 2, 3
    on conflict (month, dimension, value) do update set
      clicks = totals.clicks + excluded.clicks,
      human_clicks = totals.human_clicks + excluded.human_clicks,
      machine_clicks = totals.machine_clicks + excluded.machine_clicks;
  else
    insert into promo_monthly_totals as totals (month, dimension, value, clicks, human_clicks, machine_clicks)
    select month, dimension, value, sign * sum(clicks), sign * sum(human_clicks), sign * sum(machine_clicks)
    from moved
    group by 1, 2, 3
    order by 1, 2, 3
    on conflict (month, dimension, value) do update set
      clicks = totals.clicks + excluded.clicks,
      human_clicks = totals.human_clicks + excluded.human_clicks,
      machine_clicks = totals.machine_clicks + excluded.machine_clicks;
  end if;
  return null;
end;
$$;

-- Locks recording and settling out until what is there already is added up.
lock table promo_performance_metrics, promo_monthly_breakdown in share row exclusive mode;

create trigger trigger_hours_inserted after insert on promo_performance_metrics
referencing new table as moved for each statement execute function promo_add_to_hourly_totals();

create trigger trigger_hours_updated after update on promo_performance_metrics
referencing old table as former new table as added for each statement execute function promo_add_to_hourly_totals();

create trigger trigger_hours_deleted after delete on promo_performance_metrics
referencing old table as moved for each statement execute function promo_add_to_hourly_totals();

create trigger trigger_hours_truncated after truncate on promo_performance_metrics
for each statement execute function promo_add_to_hourly_totals();

create trigger trigger_months_inserted after insert on promo_monthly_breakdown
referencing new table as moved for each statement execute function promo_add_to_monthly_totals();

create trigger trigger_months_updated after update on promo_monthly_breakdown
referencing old table as former new table as added for each statement execute function promo_add_to_monthly_totals();

create trigger trigger_months_deleted after delete on promo_monthly_breakdown
referencing old table as moved for each statement execute function promo_add_to_monthly_totals();

create trigger trigger_months_truncated after truncate on promo_monthly_breakdown
for each statement execute function promo_add_to_monthly_totals();

insert into promo_hourly_totals (hour, clicks, human_clicks)
select hour, sum(clicks), sum(human_clicks)
from promo_performance_metrics
group by hour
having sum(clicks) > 0;

insert into promo_monthly_totals (month, dimension, value, clicks, human_clicks, machine_clicks)
select month, dimension, value, sum(clicks), sum(human_clicks), sum(machine_clicks)
from promo_monthly_breakdown
group by 1, 2, 3;
