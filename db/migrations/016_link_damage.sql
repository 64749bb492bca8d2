-- How many clicks came by links that mail software has damaged, for the sentence that tells of it.

create table promo_link_damage (
  day date not null,
  slug text not null,
  damaged bigint not null default 0,
  unreadable bigint not null default 0,
  primary key (day, slug)
);
