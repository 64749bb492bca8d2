-- Keeps the former version right: it reports sends and chooses for the newsletter without a name.
-- Which list a send belongs to. One without a name is that of all sends so far, and of reports that name none.
alter table promo_impression_tracking add column newsletter text not null default '';
alter table promo_decisions add column newsletter text not null default '';
