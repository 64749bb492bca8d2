-- Keeps the former version right: it adds no click ids to destinations, and leaves the new column alone.
-- The parameter of a destination that brings the merchant's network the id of the click, so that a sale can be told of it.

alter table affiliate_links add column click_id_parameter text
  check (click_id_parameter ~ '^[A-Za-z][A-Za-z0-9_.-]{0,49}$' and lower(click_id_parameter) <> 'promo_var');
