-- When the database's clock was last looked at, and when it was found to have jumped ahead: nothing is removed for good by a
-- clock that may be wrong. The version before goes on by its own site's clock.

alter table promo_retention
  add column looked_at timestamptz,
  add column jumped_from timestamptz,
  add column jumped_at timestamptz;

update promo_retention set looked_at = nullif(purged_at, '-infinity');
