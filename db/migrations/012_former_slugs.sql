-- Slugs that offers once had: newsletters that were sent with them go on counting.

create table promo_former_slugs (
  offer_id integer not null references promo_offers (id) on delete cascade,
  slug text not null,
  replaced_at timestamptz not null default now(),
  primary key (offer_id, slug)
);

-- Whoever changes a slug: an import, a page, or somebody at the SQL prompt.
create function promo_keep_former_slug() returns trigger language plpgsql as $$
begin
  insert into promo_former_slugs (offer_id, slug) values (old.id, old.link_slug)
  on conflict (offer_id, slug) do update set replaced_at = excluded.replaced_at;
  return null;
end;
$$;

create trigger trigger_keep_former_slug after update of link_slug on promo_offers
for each row when (old.link_slug is not null and old.link_slug is distinct from new.link_slug)
execute function promo_keep_former_slug();
