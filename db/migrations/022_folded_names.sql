-- Keeps the former version right: it goes on by lower(name), whose index stays.
-- Names of editors are compared as this project folds them: lower() goes by the database's locale, and under a Turkish one
-- INFO is not info. Null is a name that the version before has written; it is folded when it is read.

alter table promo_editors add column folded_name text collate "C";

create unique index idx_editor_folded_name on promo_editors (folded_name);
