-- Instances keep links and variations in memory, and look here twice a second for whether these have changed. A row a
-- change, since writers then neither wait for each other nor fail over a row that they share. The counters of offers and
-- variations, which every flush moves, are no change.

create table promo_catalogue_changes (
  id bigserial primary key,
  changed_at timestamptz not null default now()
);

-- Whoever may write into these tables need not know of this one.
create function promo_note_catalogue_change() returns trigger language plpgsql security definer as $$
begin
  execute format('insert into %I.promo_catalogue_changes default values', tg_table_schema);
  return null;
end;
$$;

-- Behind a trigger of somebody else's table it would write with our rights wherever that table is.
revoke execute on function promo_note_catalogue_change() from public;

create trigger trigger_note_catalogue_change
  after insert or update or delete or truncate on affiliate_links
  for each statement execute function promo_note_catalogue_change();

create trigger trigger_note_catalogue_change
  after insert or update of id, link_slug or delete or truncate on promo_offers
  for each statement execute function promo_note_catalogue_change();

create trigger trigger_note_catalogue_change
  after insert or update of id, offer_id or delete or truncate on promo_text_variations
  for each statement execute function promo_note_catalogue_change();
