-- Keeps the former version right: triggers keep these sums, whoever counts conversions; it reads the sums by day.
-- Sums of conversions by month and text: what a report on months reads in place of every day's own sums.

create table promo_monthly_conversions (
  month date not null,
  offer_id integer,
  variation_id integer,
  newsletter text not null,
  currency text not null,
  conversions bigint not null default 0,
  pending bigint not null default 0,
  rejected bigint not null default 0,
  revenue numeric not null default 0,
  pending_revenue numeric not null default 0,
  squares numeric not null default 0,
  foreign key (offer_id, variation_id) references promo_text_variations (offer_id, id) on delete cascade
);

create unique index idx_monthly_conversions
  on promo_monthly_conversions (variation_id, month, newsletter, currency) nulls not distinct;

create function promo_add_to_monthly_conversions() returns trigger language plpgsql as $$
begin
  -- A statement that counts comes here twice, for the rows that it inserted and for those that it updated: their months are
  -- in no common order, in which two instances would not lock each other out.
  perform pg_advisory_xact_lock(hashtextextended('promo_monthly_conversions', 0));
  if tg_op = 'TRUNCATE' then
    delete from promo_monthly_conversions;
  elsif tg_op = 'DELETE' then
    -- Of a text that is being deleted no row could be inserted.
    update promo_monthly_conversions months set
      conversions = months.conversions - gone.conversions,
      pending = months.pending - gone.pending,
      rejected = months.rejected - gone.rejected,
      revenue = months.revenue - gone.revenue,
      pending_revenue = months.pending_revenue - gone.pending_revenue,
      squares = months.squares - gone.squares
    from (
      select date_trunc('month', day::timestamp)::date as month, variation_id, newsletter, currency,
        sum(conversions) as conversions, sum(pending) as pending, sum(rejected) as rejected, sum(revenue) as revenue,
        sum(pending_revenue) as pending_revenue, sum(squares) as squares
      from former
      group by 1, 2, 3, 4
    ) gone
    where months.month = gone.month and months.variation_id is not distinct from gone.variation_id
      and months.newsletter = gone.newsletter and months.currency = gone.currency;
  elsif tg_op = 'INSERT' then
    insert into promo_monthly_conversions as months
      (month, offer_id, variation_id, newsletter, currency, conversions, pending, rejected, revenue, pending_revenue, squares)
    select date_trunc('month', day::timestamp)::date, offer_id, variation_id, newsletter, currency, sum(conversions),
      sum(pending), sum(rejected), sum(revenue), sum(pending_revenue), sum(squares)
    from added
    group by 1, 2, 3, 4, 5
    on conflict (variation_id, month, newsletter, currency) do update set
      conversions = months.conversions + excluded.conversions,
      pending = months.pending + excluded.pending,
      rejected = months.rejected + excluded.rejected,
      revenue = months.revenue + excluded.revenue,
      pending_revenue = months.pending_revenue + excluded.pending_revenue,
      squares = months.squares + excluded.squares;
  else
    insert into promo_monthly_conversions as months
      (month, offer_id, variation_id, newsletter, currency, conversions, pending, rejected, revenue, pending_revenue, squares)
    select date_trunc('month', day::timestamp)::date, offer_id, variation_id, newsletter, currency, sum(conversions),
      sum(pending), sum(rejected), sum(revenue), sum(pending_revenue), sum(squares)
    from (
      select day, offer_id, variation_id, newsletter, currency, conversions, pending, rejected, revenue, pending_revenue, squares
      from added
      union all
      select day, offer_id, variation_id, newsletter, currency, -conversions, -pending, -rejected, -revenue, -pending_revenue,
        -squares
      from former
    ) moved
    group by 1, 2, 3, 4, 5
    on conflict (variation_id, month, newsletter, currency) do update set
      conversions = months.conversions + excluded.conversions,
      pending = months.pending + excluded.pending,
      rejected = months.rejected + excluded.rejected,
      revenue = months.revenue + excluded.revenue,
      pending_revenue = months.pending_revenue + excluded.pending_revenue,
      squares = months.squares + excluded.squares;
  end if;
  return null;
end;
$$;

-- Locks counting out until what is there already is added up.
lock table promo_conversion_metrics in share row exclusive mode;

create trigger trigger_conversions_inserted after insert on promo_conversion_metrics
referencing new table as added for each statement execute function promo_add_to_monthly_conversions();

create trigger trigger_conversions_updated after update on promo_conversion_metrics
referencing old table as former new table as added for each statement execute function promo_add_to_monthly_conversions();

create trigger trigger_conversions_deleted after delete on promo_conversion_metrics
referencing old table as former for each statement execute function promo_add_to_monthly_conversions();

create trigger trigger_conversions_truncated after truncate on promo_conversion_metrics
for each statement execute function promo_add_to_monthly_conversions();

insert into promo_monthly_conversions
  (month, offer_id, variation_id, newsletter, currency, conversions, pending, rejected, revenue, pending_revenue, squares)
select date_trunc('month', day::timestamp)::date, offer_id, variation_id, newsletter, currency, sum(conversions), sum(pending),
  sum(rejected), sum(revenue), sum(pending_revenue), sum(squares)
from promo_conversion_metrics
group by 1, 2, 3, 4, 5;
