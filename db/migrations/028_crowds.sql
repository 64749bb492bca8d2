-- Keeps the former version right: it settles without these, and what it settles is taken for clicks at ordinary addresses.
-- Visits of an address beyond its first one of each text in a send, by which addresses that many people share are known: kept as
-- long as the salt of the month, like promo_clickers. Addresses without any have no row.
create table promo_crowds (
  address_hash varchar(16) primary key,
  month date not null,
  further_visits bigint not null
);

-- The same by send, of those that an address has visited more than once.
create table promo_crowd_visits (
  address_hash varchar(16) not null,
  month date not null,
  impression_id bigint not null,
  visits bigint not null,
  human_clicks bigint not null,
  primary key (address_hash, impression_id)
);

-- What came of a send at crowded addresses, without any address.
create table promo_crowd_metrics (
  impression_id bigint primary key references promo_impression_tracking (id) on delete cascade,
  addresses bigint not null default 0,
  visits bigint not null default 0,
  largest bigint not null default 0,
  human_clicks bigint not null default 0
);

alter table promo_send_metrics add column crowd_clickers bigint not null default 0;
