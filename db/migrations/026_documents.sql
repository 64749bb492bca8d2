-- Keeps the former version right: it knows offers by their name and texts by their text, and leaves the new column alone.
-- An entry of Strapi is the same entry whatever it is called: a renamed offer and a corrected text stay themselves. A text
-- that several offers share is one entry there, and a row for each offer here.

alter table promo_offers add column document_id text check (length(document_id) between 1 and 100);
alter table promo_text_variations add column document_id text check (length(document_id) between 1 and 100);

create unique index idx_offer_document on promo_offers (document_id);
create unique index idx_variation_document on promo_text_variations (offer_id, document_id);

-- What was asked of Strapi earlier never comes after what was asked later, whichever instance was faster.
create table promo_strapi_turns (
  only_row boolean primary key default true check (only_row),
  asked bigint not null,
  imported bigint not null default 0
);
