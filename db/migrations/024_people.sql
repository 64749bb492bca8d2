-- Keeps the former version right: it does not know these tables, and leaves settling to this version.
-- On which days of a month a visitor has clicked on a text: kept as long as the salt of the month, like promo_clickers.
create table promo_visits (
  ip_hash varchar(64) not null,
  month date not null,
  offer_id integer not null,
  variation_id integer not null,
  newsletter text not null,
  days integer not null,
  primary key (ip_hash, month, variation_id, newsletter),
  foreign key (offer_id, variation_id) references promo_text_variations (offer_id, id) on delete cascade
);

create index idx_visit_month on promo_visits (month);
create index idx_visit_variation on promo_visits (variation_id);

-- How many people clicked on a day of a month, by the day of the month on which they had clicked last (0: not yet): so people of any
-- part of a month can be added up, each once. Of a text, of an offer and of everything, in one newsletter and in all (null).
create table promo_people (
  day date not null,
  earlier smallint not null,
  newsletter text,
  offer_id integer references promo_offers (id) on delete cascade,
  variation_id integer references promo_text_variations (id) on delete cascade,
  people bigint not null default 0,
  visits bigint not null default 0,
  unkept bigint not null default 0
);

create unique index idx_people on promo_people (newsletter, earlier, day, offer_id, variation_id) nulls not distinct;
create index idx_people_offer on promo_people (offer_id);
create index idx_people_variation on promo_people (variation_id);

insert into promo_visits (ip_hash, month, offer_id, variation_id, newsletter, days)
select c.ip_hash, date_trunc('month', c.first_clicked_at at time zone 'UTC')::date, v.offer_id, c.variation_id, '',
  bit_or(1 << (extract(day from c.first_clicked_at at time zone 'UTC')::integer - 1))
from promo_clickers c
join promo_text_variations v on v.id = c.variation_id
join promo_offers o on o.id = v.offer_id and o.offer_type <> 'self_test'
group by 1, 2, 3, 4;

with scoped as (
  select month, ip_hash, newsletter, offer_id, variation_id, bit_or(days) as days
  from promo_visits
  group by grouping sets (
    (month, ip_hash), (month, ip_hash, offer_id), (month, ip_hash, offer_id, variation_id), (month, ip_hash, newsletter),
    (month, ip_hash, newsletter, offer_id), (month, ip_hash, newsletter, offer_id, variation_id)
  )
), pairs as (
  select month + place.day - 1 as day, place.earlier, newsletter, offer_id, variation_id, count(*) as people
  from scoped, lateral (
    select day, lag(day, 1, 0) over (order by day) as earlier
    from generate_series(1, 31) day
    where days & (1 << (day - 1)) <> 0
  ) place
  group by 1, 2, 3, 4, 5
)
insert into promo_people (day, earlier, newsletter, offer_id, variation_id, people, visits)
select day, earlier, newsletter, offer_id, variation_id, sum(people), sum(visits)
from (
  select day, earlier, newsletter, offer_id, variation_id, people, 0 as visits from pairs
  union all
  select day, 0, newsletter, offer_id, variation_id, 0, sum(people) from pairs
  where variation_id is not null
  group by grouping sets ((day, newsletter), (day, newsletter, offer_id), (day, newsletter, offer_id, variation_id))
) told
group by 1, 2, 3, 4, 5;
