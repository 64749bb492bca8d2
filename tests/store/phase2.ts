import type { Sql } from '../../src/lib/database/sql.ts'

/** The tables of the specification's Phase 2, as a site that is already running has them, with columns of its own. */
export async function createPhase2(sql: Sql): Promise<void> {
  await sql.unsafe(`
    create table promo_offers (
      id serial primary key,
      name varchar(255) not null,
      offer_type varchar(50) not null,
      priority integer not null default 5,
      total_impressions integer not null default 0,
      total_clicks integer not null default 0,
      ctr decimal(5, 2),
      created_at timestamptz not null default now()
    );
    create table promo_text_variations (
      id serial primary key,
      offer_id integer not null references promo_offers (id) on delete cascade,
      text_content text not null,
      cta_text varchar(100),
      tone varchar(50),
      length_category varchar(20),
      approved boolean not null default false,
      reviewed_by text
    );
    create function update_offer_ctr() returns trigger as $$
    begin
      if new.total_impressions > 0 then
        new.ctr = (new.total_clicks::decimal / new.total_impressions::decimal) * 100;
      else
        new.ctr = null;
      end if;
      return new;
    end;
    $$ language plpgsql;
    create trigger trigger_update_offer_ctr
      before insert or update of total_impressions, total_clicks on promo_offers
      for each row execute function update_offer_ctr();
    insert into promo_offers (id, name, offer_type, priority, total_impressions, total_clicks, created_at) values
      (4, 'No Code MBA', 'affiliate', 9, 200, 3, '2025-10-01 06:00:00+00'),
      (5, 'Quiet Desk', 'sponsor', 1, 0, 0, '2025-10-02 06:00:00+00');
    insert into promo_text_variations (
      id, offer_id, text_content, cta_text, tone, length_category, approved, reviewed_by
    ) values
      (42, 4, 'Build your dream startup this weekend', 'Build Now →', 'exciting', 'short', true, 'Ada'),
      (43, 4, 'Want to build apps without code?', 'Start Learning →', 'professional', 'medium', true, null),
      (50, 5, 'A desk that keeps quiet', null, null, null, false, null);
    select setval('promo_offers_id_seq', 5), setval('promo_text_variations_id_seq', 50);
  `)
}

/** Everything that Phase 2 knows, as text, so that no type is compared but only what is said. */
export async function readPhase2(sql: Sql): Promise<unknown> {
  const offers = await sql`
    select id, name, offer_type, priority, total_impressions::text, total_clicks::text, ctr::text, created_at
    from promo_offers order by id
  `
  const variations = await sql`
    select id, offer_id, text_content, cta_text, tone, length_category, approved, reviewed_by
    from promo_text_variations order by id
  `
  return { offers: [...offers], variations: [...variations] }
}
