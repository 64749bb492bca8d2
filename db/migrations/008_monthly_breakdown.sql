-- Settled clicks by month and by one thing known of them: what a report over years reads in place of all its days.

create table promo_monthly_breakdown (
  month date not null check (extract(day from month) = 1),
  offer_id integer not null,
  variation_id integer not null,
  dimension text not null,
  value text not null,
  clicks bigint not null default 0,
  human_clicks bigint not null default 0,
  machine_clicks bigint not null default 0,
  primary key (variation_id, month, dimension, value),
  foreign key (offer_id, variation_id) references promo_text_variations (offer_id, id) on delete cascade
);

create index idx_monthly_breakdown_month on promo_monthly_breakdown (month);

-- The months follow the days whoever writes them, so that an instance of the version before may still settle. A
-- deleted variation takes both with it.
create function promo_add_to_months() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    insert into promo_monthly_breakdown as metrics (
      month, offer_id, variation_id, dimension, value, clicks, human_clicks, machine_clicks
    )
    select date_trunc('month', day::timestamp)::date, offer_id, variation_id, dimension, value, sum(clicks),
      sum(human_clicks), sum(machine_clicks)
    from (
      select day, offer_id, variation_id, dimension, value, clicks, human_clicks, machine_clicks from added
      union all
      select day, offer_id, variation_id, dimension, value, -clicks, -human_clicks, -machine_clicks from former
    ) moved
    group by 1, 2, 3, 4, 5
    order by 3, 1, 4, 5
    on conflict (variation_id, month, dimension, value) do update set
      clicks = metrics.clicks + excluded.clicks,
      human_clicks = metrics.human_clicks + excluded.human_clicks,
      machine_clicks = metrics.machine_clicks + excluded.machine_clicks;
  else
    insert into promo_monthly_breakdown as metrics (
      month, offer_id, variation_id, dimension, value, clicks, human_clicks, machine_clicks
    )
    select date_trunc('month', day::timestamp)::date, offer_id, variation_id, dimension, value, sum(clicks),
      sum(human_clicks), sum(machine_clicks)
    from added
    group by 1, 2, 3, 4, 5
    order by 3, 1, 4, 5
    on conflict (variation_id, month, dimension, value) do update set
      clicks = metrics.clicks + excluded.clicks,
      human_clicks = metrics.human_clicks + excluded.human_clicks,
      machine_clicks = metrics.machine_clicks + excluded.machine_clicks;
  end if;
  return null;
end;
$$;

-- Locks settling out until what is there already is added up.
lock table promo_click_breakdown in share row exclusive mode;

create trigger trigger_breakdown_inserted after insert on promo_click_breakdown
referencing new table as added for each statement execute function promo_add_to_months();

create trigger trigger_breakdown_updated after update on promo_click_breakdown
referencing old table as former new table as added for each statement execute function promo_add_to_months();

insert into promo_monthly_breakdown (
  month, offer_id, variation_id, dimension, value, clicks, human_clicks, machine_clicks
)
select date_trunc('month', day::timestamp)::date, offer_id, variation_id, dimension, value, sum(clicks), sum(human_clicks),
  sum(machine_clicks)
from promo_click_breakdown
group by 1, 2, 3, 4, 5;
