-- Keeps the former version right: it fetches links and texts anew a little more often.
-- Whatever an import writes is a change, so that an import from Strapi need not compare where nothing has changed since.

create or replace trigger trigger_note_catalogue_change
  after insert or update of id, name, offer_type, link_slug, weight, active, document_id or delete or truncate
  on promo_offers
  for each statement execute function promo_note_catalogue_change();

create or replace trigger trigger_note_catalogue_change
  after insert
    or update of id, offer_id, text_content, cta_text, tone, length_category, approved, document_id
    or delete or truncate
  on promo_text_variations
  for each statement execute function promo_note_catalogue_change();
