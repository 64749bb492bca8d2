-- What the migrations make of an empty database. Written by "npm run schema"; not to be edited or run.

create sequence promo_catalogue_changes_id_seq as bigint owned by promo_catalogue_changes.id;

create sequence promo_click_tracking_id_seq as bigint owned by promo_click_tracking.id;

create sequence promo_conversions_id_seq as bigint owned by promo_conversions.id;

create sequence promo_editors_id_seq as integer owned by promo_editors.id;

create sequence promo_handed_over_tokens_id_seq as integer owned by promo_handed_over_tokens.id;

create sequence promo_impression_tracking_id_seq as bigint owned by promo_impression_tracking.id;

create sequence promo_offers_id_seq as integer owned by promo_offers.id;

create sequence promo_outbox_id_seq as bigint;

create sequence promo_text_variations_id_seq as integer owned by promo_text_variations.id;

create sequence promo_webhooks_id_seq as integer;

create table affiliate_links (
  slug text not null,
  destination_url text not null,
  active boolean not null default true,
  utm jsonb not null default '{}'::jsonb,
  pass_parameters boolean not null default false,
  updated_at timestamp with time zone not null default now(),
  click_id_parameter text,
  constraint affiliate_links_click_id_parameter_check CHECK (click_id_parameter ~ '^[A-Za-z][A-Za-z0-9_.-]{0,49}$'::text AND lower(click_id_parameter) <> 'promo_var'::text),
  constraint affiliate_links_destination_url_check CHECK (destination_url ~ '^https?://'::text AND length(destination_url) <= 2048),
  constraint affiliate_links_pkey PRIMARY KEY (slug),
  constraint affiliate_links_slug_check CHECK (slug ~ '^[a-z0-9][a-z0-9_-]{0,99}$'::text),
  constraint affiliate_links_utm_check CHECK (jsonb_typeof(utm) = 'object'::text)
);

create table promo_catalogue_changes (
  id bigint not null default nextval('promo_catalogue_changes_id_seq'::regclass),
  changed_at timestamp with time zone not null default now(),
  constraint promo_catalogue_changes_pkey PRIMARY KEY (id)
);

create table promo_click_breakdown (
  day date not null,
  offer_id integer not null,
  variation_id integer not null,
  dimension text not null,
  value text not null,
  clicks bigint not null default 0,
  human_clicks bigint not null default 0,
  machine_clicks bigint not null default 0,
  constraint promo_click_breakdown_dimension_check CHECK (dimension = ANY (ARRAY['device'::text, 'browser'::text, 'os'::text, 'referrer'::text, 'reason'::text])),
  constraint promo_click_breakdown_offer_id_variation_id_fkey FOREIGN KEY (offer_id, variation_id) REFERENCES promo_text_variations(offer_id, id) ON DELETE CASCADE,
  constraint promo_click_breakdown_pkey PRIMARY KEY (variation_id, day, dimension, value)
);

create table promo_click_tracking (
  id bigint not null default nextval('promo_click_tracking_id_seq'::regclass),
  event_id uuid not null default gen_random_uuid(),
  offer_id integer not null,
  variation_id integer not null,
  clicked_at timestamp with time zone not null default now(),
  clicked_date date not null generated always as ((clicked_at AT TIME ZONE 'UTC'::text)::date) stored,
  referrer character varying(500),
  user_agent character varying(500),
  ip_hash character varying(64),
  verdict text not null default 'human'::text,
  reason text not null default 'none'::text,
  rules_version smallint not null default 1,
  device text,
  browser text,
  os text,
  recorded_at timestamp with time zone not null default now(),
  sign text,
  address_hash character varying(16),
  newcomer boolean,
  constraint promo_click_tracking_event_id_clicked_at_key UNIQUE (event_id, clicked_at),
  constraint promo_click_tracking_offer_id_variation_id_fkey FOREIGN KEY (offer_id, variation_id) REFERENCES promo_text_variations(offer_id, id) ON DELETE CASCADE,
  constraint promo_click_tracking_pkey PRIMARY KEY (id, clicked_at),
  constraint promo_click_tracking_sign_check CHECK (string_to_array(sign, '+'::text) <@ ARRAY['no_user_agent'::text, 'stale_user_agent'::text, 'signed_agent'::text, 'seen_network'::text]),
  constraint promo_click_tracking_verdict_check CHECK (verdict = ANY (ARRAY['human'::text, 'machine'::text, 'duplicate'::text]))
) partition by RANGE (clicked_at);

create table promo_clickers (
  ip_hash character varying(64) not null,
  variation_id integer not null,
  impression_id bigint not null default 0,
  first_clicked_at timestamp with time zone not null,
  address_hash character varying(16),
  constraint promo_clickers_pkey PRIMARY KEY (ip_hash, variation_id, impression_id),
  constraint promo_clickers_variation_id_fkey FOREIGN KEY (variation_id) REFERENCES promo_text_variations(id) ON DELETE CASCADE
);

create table promo_conversion_metrics (
  day date not null,
  offer_id integer,
  variation_id integer,
  newsletter text not null,
  currency text not null,
  conversions bigint not null default 0,
  pending bigint not null default 0,
  rejected bigint not null default 0,
  revenue numeric not null default 0,
  pending_revenue numeric not null default 0,
  squares numeric not null default 0,
  constraint promo_conversion_metrics_offer_id_variation_id_fkey FOREIGN KEY (offer_id, variation_id) REFERENCES promo_text_variations(offer_id, id) ON DELETE CASCADE
);

create table promo_conversions (
  id bigint not null default nextval('promo_conversions_id_seq'::regclass),
  source text not null default ''::text,
  external_id text not null,
  click_id uuid,
  clicked_at timestamp with time zone,
  offer_id integer,
  variation_id integer,
  newsletter_send_id text,
  impression_id bigint not null default 0,
  newsletter text not null default ''::text,
  amount numeric not null,
  currency text not null,
  status text not null,
  previous_amount numeric,
  previous_currency text,
  previous_status text,
  occurred_at timestamp with time zone not null,
  reported_at timestamp with time zone not null,
  recorded_at timestamp with time zone not null default now(),
  counted_on date,
  look_at timestamp with time zone not null default now(),
  constraint promo_conversions_amount_check CHECK (amount >= 0::numeric),
  constraint promo_conversions_check CHECK ((click_id IS NULL) = (clicked_at IS NULL)),
  constraint promo_conversions_check1 CHECK ((offer_id IS NULL) = (variation_id IS NULL)),
  constraint promo_conversions_currency_check CHECK (currency ~ '^[A-Z]{3}$'::text),
  constraint promo_conversions_offer_id_variation_id_fkey FOREIGN KEY (offer_id, variation_id) REFERENCES promo_text_variations(offer_id, id) ON DELETE CASCADE,
  constraint promo_conversions_pkey PRIMARY KEY (id),
  constraint promo_conversions_source_external_id_key UNIQUE (source, external_id),
  constraint promo_conversions_status_check CHECK (status = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text]))
);

create table promo_crowd_metrics (
  impression_id bigint not null,
  addresses bigint not null default 0,
  visits bigint not null default 0,
  largest bigint not null default 0,
  human_clicks bigint not null default 0,
  constraint promo_crowd_metrics_impression_id_fkey FOREIGN KEY (impression_id) REFERENCES promo_impression_tracking(id) ON DELETE CASCADE,
  constraint promo_crowd_metrics_pkey PRIMARY KEY (impression_id)
);

create table promo_crowd_visits (
  address_hash character varying(16) not null,
  month date not null,
  impression_id bigint not null,
  visits bigint not null,
  human_clicks bigint not null,
  constraint promo_crowd_visits_pkey PRIMARY KEY (address_hash, impression_id)
);

create table promo_crowds (
  address_hash character varying(16) not null,
  month date not null,
  further_visits bigint not null,
  constraint promo_crowds_pkey PRIMARY KEY (address_hash)
);

create table promo_daily_metrics (
  day date not null,
  offer_id integer not null,
  variation_id integer not null,
  impressions bigint not null default 0,
  recipients bigint not null default 0,
  clicks bigint not null default 0,
  human_clicks bigint not null default 0,
  machine_clicks bigint not null default 0,
  duplicate_clicks bigint not null default 0,
  uncertain_clicks bigint not null default 0,
  unique_clicks bigint not null default 0,
  constraint promo_daily_metrics_offer_id_variation_id_fkey FOREIGN KEY (offer_id, variation_id) REFERENCES promo_text_variations(offer_id, id) ON DELETE CASCADE,
  constraint promo_daily_metrics_pkey PRIMARY KEY (variation_id, day)
);

create table promo_decisions (
  newsletter_send_id character varying(100) not null,
  offer_id integer not null,
  variation_id integer not null,
  strategy text not null,
  probability double precision not null,
  decided_at timestamp with time zone not null default now(),
  segment smallint not null default 1,
  seed bigint,
  basis jsonb,
  newsletter text not null default ''::text,
  constraint promo_decisions_offer_id_fkey FOREIGN KEY (offer_id) REFERENCES promo_offers(id) ON DELETE CASCADE,
  constraint promo_decisions_pkey PRIMARY KEY (newsletter_send_id, segment),
  constraint promo_decisions_probability_check CHECK (probability > 0::double precision AND probability <= 1::double precision),
  constraint promo_decisions_seed_check CHECK (seed >= 0 AND seed <= '4294967295'::bigint),
  constraint promo_decisions_segment_check CHECK (segment >= 1 AND segment <= 8),
  constraint promo_decisions_strategy_check CHECK (strategy = ANY (ARRAY['weighted'::text, 'ctr_weighted'::text, 'thompson'::text])),
  constraint promo_decisions_variation_id_fkey FOREIGN KEY (variation_id) REFERENCES promo_text_variations(id) ON DELETE CASCADE
);

create table promo_doubted_sends (
  impression_id bigint not null,
  factor double precision not null,
  usual_recipients bigint not null,
  constraint promo_doubted_sends_impression_id_fkey FOREIGN KEY (impression_id) REFERENCES promo_impression_tracking(id) ON DELETE CASCADE,
  constraint promo_doubted_sends_pkey PRIMARY KEY (impression_id)
);

create table promo_editors (
  id integer not null default nextval('promo_editors_id_seq'::regclass),
  name text not null,
  password_hash text not null,
  session_version integer not null default 1,
  created_at timestamp with time zone not null default now(),
  folded_name text,
  constraint promo_editors_name_check CHECK (length(name) >= 1 AND length(name) <= 100),
  constraint promo_editors_pkey PRIMARY KEY (id)
);

create table promo_event_keys (
  event_id uuid not null,
  recorded_at timestamp with time zone not null default now(),
  fingerprint integer,
  constraint promo_event_keys_pkey PRIMARY KEY (event_id)
);

create table promo_first_clicks (
  impression_id bigint not null,
  clicked_at timestamp with time zone not null,
  constraint promo_first_clicks_impression_id_fkey FOREIGN KEY (impression_id) REFERENCES promo_impression_tracking(id) ON DELETE CASCADE,
  constraint promo_first_clicks_pkey PRIMARY KEY (impression_id)
);

create table promo_former_slugs (
  offer_id integer not null,
  slug text not null,
  replaced_at timestamp with time zone not null default now(),
  constraint promo_former_slugs_offer_id_fkey FOREIGN KEY (offer_id) REFERENCES promo_offers(id) ON DELETE CASCADE,
  constraint promo_former_slugs_pkey PRIMARY KEY (offer_id, slug)
);

create table promo_handed_over_tokens (
  id integer not null default nextval('promo_handed_over_tokens_id_seq'::regclass),
  digest bytea not null,
  subject text not null,
  session_version integer not null default 1,
  kept_until timestamp with time zone not null,
  constraint promo_handed_over_tokens_digest_check CHECK (length(digest) = 32),
  constraint promo_handed_over_tokens_pkey PRIMARY KEY (id)
);

create table promo_hash_salts (
  month date not null,
  salt bytea not null,
  created_at timestamp with time zone not null default now(),
  constraint promo_hash_salts_month_check CHECK (EXTRACT(day FROM month) = 1::numeric),
  constraint promo_hash_salts_pkey PRIMARY KEY (month),
  constraint promo_hash_salts_salt_check CHECK (length(salt) = 32)
);

create table promo_hourly_totals (
  hour timestamp with time zone not null,
  clicks bigint not null default 0,
  human_clicks bigint not null default 0,
  constraint promo_hourly_totals_pkey PRIMARY KEY (hour)
);

create table promo_impression_tracking (
  id bigint not null default nextval('promo_impression_tracking_id_seq'::regclass),
  event_id uuid not null default gen_random_uuid(),
  offer_id integer not null,
  variation_id integer not null,
  newsletter_send_id character varying(100),
  recipients integer not null default 1,
  previous_recipients integer not null default 0,
  tracked_at timestamp with time zone not null default now(),
  reported_at timestamp with time zone not null default now(),
  tracked_date date not null generated always as ((tracked_at AT TIME ZONE 'UTC'::text)::date) stored,
  corrected_late_at timestamp with time zone,
  newsletter text not null default ''::text,
  constraint promo_impression_tracking_offer_id_variation_id_fkey FOREIGN KEY (offer_id, variation_id) REFERENCES promo_text_variations(offer_id, id) ON DELETE CASCADE,
  constraint promo_impression_tracking_pkey PRIMARY KEY (id),
  constraint promo_impression_tracking_recipients_check CHECK (recipients >= 0 AND recipients <= 10000000)
);

create table promo_link_damage (
  day date not null,
  slug text not null,
  damaged bigint not null default 0,
  unreadable bigint not null default 0,
  constraint promo_link_damage_pkey PRIMARY KEY (day, slug)
);

create table promo_mautic_emails (
  email_id integer not null,
  newsletter_send_id character varying(100) not null,
  variation_id integer,
  by_hand boolean not null default false,
  sent_count integer not null default 0,
  corrected_count integer,
  mapped_at timestamp with time zone not null default now(),
  read_at timestamp with time zone,
  changed_at timestamp with time zone not null default now(),
  constraint promo_mautic_emails_email_id_check CHECK (email_id > 0),
  constraint promo_mautic_emails_newsletter_send_id_check CHECK (newsletter_send_id::text <> ''::text),
  constraint promo_mautic_emails_pkey PRIMARY KEY (email_id),
  constraint promo_mautic_emails_sent_count_check CHECK (sent_count >= 0)
);

create table promo_migrations (
  name text not null,
  applied_at timestamp with time zone not null default now(),
  keeps_former boolean not null default false,
  constraint promo_migrations_pkey PRIMARY KEY (name)
);

create table promo_monthly_breakdown (
  month date not null,
  offer_id integer not null,
  variation_id integer not null,
  dimension text not null,
  value text not null,
  clicks bigint not null default 0,
  human_clicks bigint not null default 0,
  machine_clicks bigint not null default 0,
  constraint promo_monthly_breakdown_month_check CHECK (EXTRACT(day FROM month) = 1::numeric),
  constraint promo_monthly_breakdown_offer_id_variation_id_fkey FOREIGN KEY (offer_id, variation_id) REFERENCES promo_text_variations(offer_id, id) ON DELETE CASCADE,
  constraint promo_monthly_breakdown_pkey PRIMARY KEY (variation_id, month, dimension, value)
);

create table promo_monthly_conversions (
  month date not null,
  offer_id integer,
  variation_id integer,
  newsletter text not null,
  currency text not null,
  conversions bigint not null default 0,
  pending bigint not null default 0,
  rejected bigint not null default 0,
  revenue numeric not null default 0,
  pending_revenue numeric not null default 0,
  squares numeric not null default 0,
  constraint promo_monthly_conversions_offer_id_variation_id_fkey FOREIGN KEY (offer_id, variation_id) REFERENCES promo_text_variations(offer_id, id) ON DELETE CASCADE
);

create table promo_monthly_totals (
  month date not null,
  dimension text not null,
  value text not null,
  clicks bigint not null default 0,
  human_clicks bigint not null default 0,
  machine_clicks bigint not null default 0,
  constraint promo_monthly_totals_pkey PRIMARY KEY (month, dimension, value)
);

create table promo_newsletter_metrics (
  newsletter text not null,
  hour timestamp with time zone not null,
  offer_id integer not null,
  variation_id integer not null,
  clicks bigint not null default 0,
  human_clicks bigint not null default 0,
  machine_clicks bigint not null default 0,
  duplicate_clicks bigint not null default 0,
  uncertain_clicks bigint not null default 0,
  unique_clicks bigint not null default 0,
  constraint promo_newsletter_metrics_offer_id_variation_id_fkey FOREIGN KEY (offer_id, variation_id) REFERENCES promo_text_variations(offer_id, id) ON DELETE CASCADE,
  constraint promo_newsletter_metrics_pkey PRIMARY KEY (variation_id, newsletter, hour)
);

create table promo_offers (
  id integer not null default nextval('promo_offers_id_seq'::regclass),
  name character varying(255) not null,
  offer_type character varying(50) not null default 'affiliate'::character varying,
  total_impressions bigint not null default 0,
  total_clicks bigint not null default 0,
  ctr numeric(12,2),
  link_slug text,
  weight integer not null default 1,
  active boolean not null default true,
  document_id text,
  constraint promo_offers_document_id_check CHECK (length(document_id) >= 1 AND length(document_id) <= 100),
  constraint promo_offers_link_slug_check CHECK (link_slug = lower(link_slug)),
  constraint promo_offers_pkey PRIMARY KEY (id),
  constraint promo_offers_weight_check CHECK (weight >= 0)
);

create table promo_outbox (
  id bigint not null,
  target text not null,
  body jsonb not null,
  created_at timestamp with time zone not null default now(),
  due_at timestamp with time zone not null default now(),
  attempts integer not null default 0,
  refused text,
  constraint promo_outbox_pkey PRIMARY KEY (id),
  constraint promo_outbox_target_check CHECK (target ~ '^[a-z]+(:[0-9]+)?$'::text)
);

create table promo_people (
  day date not null,
  earlier smallint not null,
  newsletter text,
  offer_id integer,
  variation_id integer,
  people bigint not null default 0,
  visits bigint not null default 0,
  unkept bigint not null default 0,
  constraint promo_people_offer_id_fkey FOREIGN KEY (offer_id) REFERENCES promo_offers(id) ON DELETE CASCADE,
  constraint promo_people_variation_id_fkey FOREIGN KEY (variation_id) REFERENCES promo_text_variations(id) ON DELETE CASCADE
);

create table promo_performance_metrics (
  hour timestamp with time zone not null,
  offer_id integer not null,
  variation_id integer not null,
  impressions bigint not null default 0,
  recipients bigint not null default 0,
  clicks bigint not null default 0,
  human_clicks bigint not null default 0,
  machine_clicks bigint not null default 0,
  duplicate_clicks bigint not null default 0,
  uncertain_clicks bigint not null default 0,
  unique_clicks bigint not null default 0,
  constraint promo_performance_metrics_offer_id_variation_id_fkey FOREIGN KEY (offer_id, variation_id) REFERENCES promo_text_variations(offer_id, id) ON DELETE CASCADE,
  constraint promo_performance_metrics_pkey PRIMARY KEY (variation_id, hour)
);

create table promo_postbacks (
  slug text not null,
  secret_hash text not null,
  source text not null,
  parameters jsonb not null default '{}'::jsonb,
  changed_at timestamp with time zone not null default now(),
  constraint promo_postbacks_parameters_check CHECK (jsonb_typeof(parameters) = 'object'::text),
  constraint promo_postbacks_pkey PRIMARY KEY (slug),
  constraint promo_postbacks_secret_hash_check CHECK (secret_hash ~ '^[0-9a-f]{64}$'::text),
  constraint promo_postbacks_slug_check CHECK (slug ~ '^[a-z0-9][a-z0-9_-]{0,99}$'::text)
);

create table promo_retention (
  only_row boolean not null default true,
  purged_at timestamp with time zone not null default '-infinity'::timestamp with time zone,
  looked_at timestamp with time zone,
  jumped_from timestamp with time zone,
  jumped_at timestamp with time zone,
  details_removed_before timestamp with time zone not null default '-infinity'::timestamp with time zone,
  details_removed_to bigint not null default 0,
  constraint promo_retention_only_row_check CHECK (only_row),
  constraint promo_retention_pkey PRIMARY KEY (only_row)
);

create table promo_send_conversions (
  impression_id bigint not null,
  currency text not null,
  conversions bigint not null default 0,
  pending bigint not null default 0,
  rejected bigint not null default 0,
  revenue numeric not null default 0,
  pending_revenue numeric not null default 0,
  squares numeric not null default 0,
  constraint promo_send_conversions_impression_id_fkey FOREIGN KEY (impression_id) REFERENCES promo_impression_tracking(id) ON DELETE CASCADE,
  constraint promo_send_conversions_pkey PRIMARY KEY (impression_id, currency)
);

create table promo_send_metrics (
  impression_id bigint not null,
  hours smallint not null,
  clicks bigint not null default 0,
  human_clicks bigint not null default 0,
  clickers bigint not null default 0,
  crowd_clickers bigint not null default 0,
  uncertain_clickers bigint not null default 0,
  doubtful_clicks bigint not null default 0,
  constraint promo_send_metrics_hours_check CHECK (hours = ANY (ARRAY[0, 1, 2, 3, 6, 12, 24, 48, 72, 168])),
  constraint promo_send_metrics_impression_id_fkey FOREIGN KEY (impression_id) REFERENCES promo_impression_tracking(id) ON DELETE CASCADE,
  constraint promo_send_metrics_pkey PRIMARY KEY (impression_id, hours)
);

create table promo_session_secret (
  only_row boolean not null default true,
  secret bytea not null,
  constraint promo_session_secret_only_row_check CHECK (only_row),
  constraint promo_session_secret_pkey PRIMARY KEY (only_row),
  constraint promo_session_secret_secret_check CHECK (length(secret) >= 32)
);

create table promo_settlement (
  only_row boolean not null default true,
  recorded_at timestamp with time zone not null default '-infinity'::timestamp with time zone,
  event_id uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  settled_at timestamp with time zone not null default now(),
  click_id bigint not null default 0,
  rounds bigint not null default 0,
  doubted_at timestamp with time zone not null default '-infinity'::timestamp with time zone,
  late_sends text[] not null default '{}'::text[],
  constraint promo_settlement_only_row_check CHECK (only_row),
  constraint promo_settlement_pkey PRIMARY KEY (only_row)
);

create table promo_strapi_turns (
  only_row boolean not null default true,
  asked bigint not null,
  imported bigint not null default 0,
  constraint promo_strapi_turns_only_row_check CHECK (only_row),
  constraint promo_strapi_turns_pkey PRIMARY KEY (only_row)
);

create table promo_surplus_clicks (
  event_id uuid not null,
  offer_id integer not null,
  variation_id integer not null,
  clicked_at timestamp with time zone not null,
  reason text not null,
  clicks integer not null,
  previous_clicks integer not null default 0,
  settled_clicks integer not null default 0,
  recorded_at timestamp with time zone not null default now(),
  constraint promo_surplus_clicks_clicks_check CHECK (clicks > 0),
  constraint promo_surplus_clicks_offer_id_variation_id_fkey FOREIGN KEY (offer_id, variation_id) REFERENCES promo_text_variations(offer_id, id) ON DELETE CASCADE,
  constraint promo_surplus_clicks_pkey PRIMARY KEY (event_id)
);

create table promo_text_variations (
  id integer not null default nextval('promo_text_variations_id_seq'::regclass),
  offer_id integer not null,
  text_content text not null,
  cta_text character varying(255),
  tone character varying(50),
  length_category character varying(50),
  approved boolean not null default false,
  impressions bigint not null default 0,
  clicks bigint not null default 0,
  ctr numeric(12,2),
  document_id text,
  constraint promo_text_variations_document_id_check CHECK (length(document_id) >= 1 AND length(document_id) <= 100),
  constraint promo_text_variations_offer_id_fkey FOREIGN KEY (offer_id) REFERENCES promo_offers(id) ON DELETE CASCADE,
  constraint promo_text_variations_pkey PRIMARY KEY (id)
);

create table promo_visits (
  ip_hash character varying(64) not null,
  month date not null,
  offer_id integer not null,
  variation_id integer not null,
  newsletter text not null,
  days integer not null,
  constraint promo_visits_offer_id_variation_id_fkey FOREIGN KEY (offer_id, variation_id) REFERENCES promo_text_variations(offer_id, id) ON DELETE CASCADE,
  constraint promo_visits_pkey PRIMARY KEY (ip_hash, month, variation_id, newsletter)
);

create table promo_webhook_news (
  webhook_id integer not null,
  subject text not null,
  state text not null,
  seen_at timestamp with time zone not null default now(),
  constraint promo_webhook_news_pkey PRIMARY KEY (webhook_id, subject),
  constraint promo_webhook_news_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES promo_webhooks(id) ON DELETE CASCADE
);

create table promo_webhooks (
  id integer not null,
  url text not null,
  secret text not null,
  events text[] not null,
  added_at timestamp with time zone not null default now(),
  answers jsonb not null default '[]'::jsonb,
  constraint promo_webhooks_pkey PRIMARY KEY (id),
  constraint promo_webhooks_url_check CHECK (length(url) <= 2048)
);

create table promo_click_tracking_default partition of promo_click_tracking DEFAULT;

CREATE INDEX idx_breakdown_day ON promo_click_breakdown USING btree (day);

CREATE INDEX idx_click_date ON ONLY promo_click_tracking USING btree (clicked_date);

CREATE INDEX idx_click_offer ON ONLY promo_click_tracking USING btree (offer_id);

CREATE INDEX idx_click_time ON ONLY promo_click_tracking USING brin (clicked_at) WITH (pages_per_range='16', autosummarize='on');

CREATE INDEX idx_click_variation ON ONLY promo_click_tracking USING btree (variation_id);

CREATE INDEX idx_clicker_address ON promo_clickers USING btree (address_hash, variation_id, impression_id) WHERE address_hash IS NOT NULL;

CREATE INDEX idx_clicker_first ON promo_clickers USING btree (first_clicked_at);

CREATE INDEX idx_clicker_variation ON promo_clickers USING btree (variation_id);

CREATE INDEX idx_conversion_day ON promo_conversion_metrics USING btree (day);

CREATE UNIQUE INDEX idx_conversion_metrics ON promo_conversion_metrics USING btree (variation_id, day, newsletter, currency) NULLS NOT DISTINCT;

CREATE INDEX idx_conversion_time ON promo_conversions USING btree (occurred_at);

CREATE INDEX idx_conversion_variation ON promo_conversions USING btree (variation_id);

CREATE INDEX idx_conversion_waiting ON promo_conversions USING btree (look_at) WHERE counted_on IS NULL;

CREATE INDEX idx_crowd_month ON promo_crowds USING btree (month);

CREATE INDEX idx_crowd_visit_month ON promo_crowd_visits USING btree (month);

CREATE INDEX idx_daily_day ON promo_daily_metrics USING btree (day);

CREATE INDEX idx_decision_time ON promo_decisions USING btree (decided_at);

CREATE UNIQUE INDEX idx_decision_variation ON promo_decisions USING btree (newsletter_send_id, variation_id);

CREATE UNIQUE INDEX idx_editor_folded_name ON promo_editors USING btree (folded_name);

CREATE UNIQUE INDEX idx_editor_name ON promo_editors USING btree (lower(name));

CREATE INDEX idx_event_keys_recorded ON promo_event_keys USING btree (recorded_at);

CREATE UNIQUE INDEX idx_handed_over_digest ON promo_handed_over_tokens USING btree (digest);

CREATE INDEX idx_handed_over_subject ON promo_handed_over_tokens USING btree (subject);

CREATE INDEX idx_impression_corrected_late ON promo_impression_tracking USING btree (corrected_late_at) WHERE corrected_late_at IS NOT NULL;

CREATE INDEX idx_impression_date ON promo_impression_tracking USING btree (tracked_date);

CREATE UNIQUE INDEX idx_impression_event ON promo_impression_tracking USING btree (event_id) WHERE newsletter_send_id IS NULL;

CREATE UNIQUE INDEX idx_impression_newsletter ON promo_impression_tracking USING btree (newsletter_send_id, variation_id);

CREATE INDEX idx_impression_of_newsletter ON promo_impression_tracking USING btree (newsletter, tracked_at);

CREATE INDEX idx_impression_offer ON promo_impression_tracking USING btree (offer_id);

CREATE INDEX idx_impression_send ON promo_impression_tracking USING btree (variation_id, tracked_at) WHERE newsletter_send_id IS NOT NULL;

CREATE INDEX idx_impression_variation ON promo_impression_tracking USING btree (variation_id);

CREATE INDEX idx_mautic_send ON promo_mautic_emails USING btree (newsletter_send_id);

CREATE INDEX idx_metrics_hour ON promo_performance_metrics USING btree (hour);

CREATE INDEX idx_metrics_offer_hour ON promo_performance_metrics USING btree (offer_id, hour);

CREATE INDEX idx_monthly_breakdown_month ON promo_monthly_breakdown USING btree (month);

CREATE UNIQUE INDEX idx_monthly_conversions ON promo_monthly_conversions USING btree (variation_id, month, newsletter, currency) NULLS NOT DISTINCT;

CREATE INDEX idx_newsletter_hour ON promo_newsletter_metrics USING btree (newsletter, hour);

CREATE UNIQUE INDEX idx_offer_document ON promo_offers USING btree (document_id);

CREATE INDEX idx_offer_link_slug ON promo_offers USING btree (link_slug);

CREATE INDEX idx_outbox_due ON promo_outbox USING btree (target, due_at, id);

CREATE UNIQUE INDEX idx_people ON promo_people USING btree (newsletter, earlier, day, offer_id, variation_id) NULLS NOT DISTINCT;

CREATE INDEX idx_people_offer ON promo_people USING btree (offer_id);

CREATE INDEX idx_people_variation ON promo_people USING btree (variation_id);

CREATE INDEX idx_surplus_time ON promo_surplus_clicks USING btree (clicked_at);

CREATE INDEX idx_surplus_unsettled ON promo_surplus_clicks USING btree (recorded_at) WHERE settled_clicks < clicks;

CREATE UNIQUE INDEX idx_variation_document ON promo_text_variations USING btree (offer_id, document_id);

CREATE UNIQUE INDEX idx_variation_of_offer ON promo_text_variations USING btree (offer_id, id);

CREATE INDEX idx_visit_month ON promo_visits USING btree (month);

CREATE INDEX idx_visit_variation ON promo_visits USING btree (variation_id);

CREATE INDEX idx_webhook_news_seen ON promo_webhook_news USING btree (seen_at);

CREATE OR REPLACE FUNCTION public.promo_add_to_hourly_totals()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  sign integer := case tg_op when 'DELETE' then -1 else 1 end;
begin
  -- A statement that records comes here twice, for the rows that it inserted and for those that it updated: their hours are
  -- in no common order, in which two instances would not lock each other out.
  perform pg_advisory_xact_lock(hashtextextended('promo_hourly_totals', 0));
  if tg_op = 'TRUNCATE' then
    delete from promo_hourly_totals;
  elsif tg_op = 'UPDATE' then
    insert into promo_hourly_totals as totals (hour, clicks, human_clicks)
    select hour, sum(clicks), sum(human_clicks)
    from (
      select hour, clicks, human_clicks from added
      union all
      select hour, -clicks, -human_clicks from former
    ) moved
    group by hour
    having sum(clicks) <> 0 or sum(human_clicks) <> 0
    order by hour
    on conflict (hour) do update set
      clicks = totals.clicks + excluded.clicks,
      human_clicks = totals.human_clicks + excluded.human_clicks;
  else
    insert into promo_hourly_totals as totals (hour, clicks, human_clicks)
    select hour, sign * sum(clicks), sign * sum(human_clicks)
    from moved
    group by hour
    having sum(clicks) <> 0 or sum(human_clicks) <> 0
    order by hour
    on conflict (hour) do update set
      clicks = totals.clicks + excluded.clicks,
      human_clicks = totals.human_clicks + excluded.human_clicks;
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION public.promo_add_to_monthly_conversions()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  -- A statement that counts comes here twice, for the rows that it inserted and for those that it updated: their months are
  -- in no common order, in which two instances would not lock each other out.
  perform pg_advisory_xact_lock(hashtextextended('promo_monthly_conversions', 0));
  if tg_op = 'TRUNCATE' then
    delete from promo_monthly_conversions;
  elsif tg_op = 'DELETE' then
    -- Of a text that is being deleted no row could be inserted.
    update promo_monthly_conversions months set
      conversions = months.conversions - gone.conversions,
      pending = months.pending - gone.pending,
      rejected = months.rejected - gone.rejected,
      revenue = months.revenue - gone.revenue,
      pending_revenue = months.pending_revenue - gone.pending_revenue,
      squares = months.squares - gone.squares
    from (
      select date_trunc('month', day::timestamp)::date as month, variation_id, newsletter, currency,
        sum(conversions) as conversions, sum(pending) as pending, sum(rejected) as rejected, sum(revenue) as revenue,
        sum(pending_revenue) as pending_revenue, sum(squares) as squares
      from former
      group by 1, 2, 3, 4
    ) gone
    where months.month = gone.month and months.variation_id is not distinct from gone.variation_id
      and months.newsletter = gone.newsletter and months.currency = gone.currency;
  elsif tg_op = 'INSERT' then
    insert into promo_monthly_conversions as months
      (month, offer_id, variation_id, newsletter, currency, conversions, pending, rejected, revenue, pending_revenue, squares)
    select date_trunc('month', day::timestamp)::date, offer_id, variation_id, newsletter, currency, sum(conversions),
      sum(pending), sum(rejected), sum(revenue), sum(pending_revenue), sum(squares)
    from added
    group by 1, 2, 3, 4, 5
    on conflict (variation_id, month, newsletter, currency) do update set
      conversions = months.conversions + excluded.conversions,
      pending = months.pending + excluded.pending,
      rejected = months.rejected + excluded.rejected,
      revenue = months.revenue + excluded.revenue,
      pending_revenue = months.pending_revenue + excluded.pending_revenue,
      squares = months.squares + excluded.squares;
  else
    insert into promo_monthly_conversions as months
      (month, offer_id, variation_id, newsletter, currency, conversions, pending, rejected, revenue, pending_revenue, squares)
    select date_trunc('month', day::timestamp)::date, offer_id, variation_id, newsletter, currency, sum(conversions),
      sum(pending), sum(rejected), sum(revenue), sum(pending_revenue), sum(squares)
    from (
      select day, offer_id, variation_id, newsletter, currency, conversions, pending, rejected, revenue, pending_revenue, squares
      from added
      union all
      select day, offer_id, variation_id, newsletter, currency, -conversions, -pending, -rejected, -revenue, -pending_revenue,
        -squares
      from former
    ) moved
    group by 1, 2, 3, 4, 5
    on conflict (variation_id, month, newsletter, currency) do update set
      conversions = months.conversions + excluded.conversions,
      pending = months.pending + excluded.pending,
      rejected = months.rejected + excluded.rejected,
      revenue = months.revenue + excluded.revenue,
      pending_revenue = months.pending_revenue + excluded.pending_revenue,
      squares = months.squares + excluded.squares;
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION public.promo_add_to_monthly_totals()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  sign integer := case tg_op when 'DELETE' then -1 else 1 end;
begin
  if tg_op = 'TRUNCATE' then
    delete from promo_monthly_totals;
  elsif tg_op = 'UPDATE' then
    insert into promo_monthly_totals as totals (month, dimension, value, clicks, human_clicks, machine_clicks)
    select month, dimension, value, sum(clicks), sum(human_clicks), sum(machine_clicks)
    from (
      select month, dimension, value, clicks, human_clicks, machine_clicks from added
      union all
      select month, dimension, value, -clicks, -human_clicks, -machine_clicks from former
    ) moved
    group by 1, 2, 3
    order by 1, 2, 3
    on conflict (month, dimension, value) do update set
      clicks = totals.clicks + excluded.clicks,
      human_clicks = totals.human_clicks + excluded.human_clicks,
      machine_clicks = totals.machine_clicks + excluded.machine_clicks;
  else
    insert into promo_monthly_totals as totals (month, dimension, value, clicks, human_clicks, machine_clicks)
    select month, dimension, value, sign * sum(clicks), sign * sum(human_clicks), sign * sum(machine_clicks)
    from moved
    group by 1, 2, 3
    order by 1, 2, 3
    on conflict (month, dimension, value) do update set
      clicks = totals.clicks + excluded.clicks,
      human_clicks = totals.human_clicks + excluded.human_clicks,
      machine_clicks = totals.machine_clicks + excluded.machine_clicks;
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION public.promo_add_to_months()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'UPDATE' then
    insert into promo_monthly_breakdown as metrics (
      month, offer_id, variation_id, dimension, value, clicks, human_clicks, machine_clicks
    )
    select date_trunc('month', day::timestamp)::date, offer_id, variation_id, dimension, value, sum(clicks),
      sum(human_clicks), sum(machine_clicks)
    from (
      select day, offer_id, variation_id, dimension, value, clicks, human_clicks, machine_clicks from added
      union all
      select day, offer_id, variation_id, dimension, value, -clicks, -human_clicks, -machine_clicks from former
    ) moved
    group by 1, 2, 3, 4, 5
    order by 3, 1, 4, 5
    on conflict (variation_id, month, dimension, value) do update set
      clicks = metrics.clicks + excluded.clicks,
      human_clicks = metrics.human_clicks + excluded.human_clicks,
      machine_clicks = metrics.machine_clicks + excluded.machine_clicks;
  else
    insert into promo_monthly_breakdown as metrics (
      month, offer_id, variation_id, dimension, value, clicks, human_clicks, machine_clicks
    )
    select date_trunc('month', day::timestamp)::date, offer_id, variation_id, dimension, value, sum(clicks),
      sum(human_clicks), sum(machine_clicks)
    from added
    group by 1, 2, 3, 4, 5
    order by 3, 1, 4, 5
    on conflict (variation_id, month, dimension, value) do update set
      clicks = metrics.clicks + excluded.clicks,
      human_clicks = metrics.human_clicks + excluded.human_clicks,
      machine_clicks = metrics.machine_clicks + excluded.machine_clicks;
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION public.promo_counted_clicks(visits bigint[], moments bigint[], counted boolean[], span bigint)
 RETURNS boolean[]
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  visit bigint;
  moment bigint;
  first_counted bigint;
  last_counted bigint;
  all_counted bigint[];
begin
  for place in 1 .. coalesce(cardinality(visits), 0) loop
    if visit is distinct from visits[place] then
      visit := visits[place];
      first_counted := null;
      last_counted := null;
      all_counted := '{}';
    end if;
    moment := moments[place];
    if counted[place] is null then
      -- Clicks nearly always come in the order of their time; only one that came late has to look at all before it.
      counted[place] := case
        when last_counted is null or moment >= last_counted + span or moment <= first_counted - span then true
        when moment > last_counted - span then false
        else not exists (select from unnest(all_counted) other where abs(moment - other) < span)
      end;
    end if;
    if counted[place] then
      first_counted := least(first_counted, moment);
      last_counted := greatest(last_counted, moment);
      all_counted := all_counted || moment;
    end if;
  end loop;
  return counted;
end;
$function$;

CREATE OR REPLACE FUNCTION public.promo_ctr(clicks bigint, impressions bigint)
 RETURNS numeric
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case when impressions > 0 then least(clicks::numeric / impressions * 100, 9999999999.99) end
$function$;

CREATE OR REPLACE FUNCTION public.promo_keep_former_slug()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into promo_former_slugs (offer_id, slug) values (old.id, old.link_slug)
  on conflict (offer_id, slug) do update set replaced_at = excluded.replaced_at;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION public.promo_keep_settling_order()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if new.click_id = old.click_id and (new.recorded_at, new.event_id) <> (old.recorded_at, old.event_id)
    or new.click_id > old.click_id and new.rounds = old.rounds then
    raise exception 'clicks are settled by a newer version';
  end if;
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION public.promo_make_click_partition(day date)
 RETURNS boolean
 LANGUAGE plpgsql
 SET lock_timeout TO '3s'
AS $function$
declare
  first_day date := date_trunc('month', day)::date;
  name text := format('promo_click_tracking_%s', to_char(first_day, 'YYYY_MM'));
  range_start timestamptz := first_day::timestamp at time zone 'UTC';
  range_end timestamptz := (first_day + interval '1 month')::timestamp at time zone 'UTC';
  columns text;
begin
  perform pg_advisory_xact_lock(hashtextextended('promo_click_partitions', 0));
  if to_regclass(name) is not null then
    return false;
  end if;
  -- Writers take the parent's lock before the default partition's; taking them in another order would deadlock.
  lock table only promo_click_tracking in share row exclusive mode;
  execute format('create table %I (like promo_click_tracking including all)', name);
  lock table promo_click_tracking_default in access exclusive mode;
  select string_agg(quote_ident(attname), ', ' order by attnum) into columns
  from pg_attribute
  where attrelid = 'promo_click_tracking'::regclass and attnum > 0 and not attisdropped and attgenerated = '';
  execute format(
    'with moved as (
       delete from promo_click_tracking_default where clicked_at >= %L and clicked_at < %L returning %s
     )
     insert into %I (%s) select * from moved',
    range_start, range_end, columns, name, columns);
  execute format(
    'alter table promo_click_tracking attach partition %I for values from (%L) to (%L)',
    name, range_start, range_end);
  return true;
end;
$function$;

CREATE OR REPLACE FUNCTION public.promo_note_catalogue_change()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
AS $function$
begin
  execute format('insert into %I.promo_catalogue_changes default values', tg_table_schema);
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION public.subtract_deleted_variation()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  update promo_offers
  set total_impressions = greatest(0, total_impressions - old.impressions),
      total_clicks = greatest(0, total_clicks - old.clicks)
  where id = old.offer_id and (old.impressions > 0 or old.clicks > 0);
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION public.update_offer_ctr()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  new.ctr = promo_ctr(new.total_clicks, new.total_impressions);
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION public.update_variation_ctr()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  new.ctr = promo_ctr(new.clicks, new.impressions);
  return new;
end;
$function$;

CREATE TRIGGER trigger_note_catalogue_change AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON affiliate_links FOR EACH STATEMENT EXECUTE FUNCTION promo_note_catalogue_change();

CREATE TRIGGER trigger_breakdown_inserted AFTER INSERT ON promo_click_breakdown REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION promo_add_to_months();

CREATE TRIGGER trigger_breakdown_updated AFTER UPDATE ON promo_click_breakdown REFERENCING OLD TABLE AS former NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION promo_add_to_months();

CREATE TRIGGER trigger_conversions_deleted AFTER DELETE ON promo_conversion_metrics REFERENCING OLD TABLE AS former FOR EACH STATEMENT EXECUTE FUNCTION promo_add_to_monthly_conversions();

CREATE TRIGGER trigger_conversions_inserted AFTER INSERT ON promo_conversion_metrics REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION promo_add_to_monthly_conversions();

CREATE TRIGGER trigger_conversions_truncated AFTER TRUNCATE ON promo_conversion_metrics FOR EACH STATEMENT EXECUTE FUNCTION promo_add_to_monthly_conversions();

CREATE TRIGGER trigger_conversions_updated AFTER UPDATE ON promo_conversion_metrics REFERENCING OLD TABLE AS former NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION promo_add_to_monthly_conversions();

CREATE TRIGGER trigger_months_deleted AFTER DELETE ON promo_monthly_breakdown REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION promo_add_to_monthly_totals();

CREATE TRIGGER trigger_months_inserted AFTER INSERT ON promo_monthly_breakdown REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION promo_add_to_monthly_totals();

CREATE TRIGGER trigger_months_truncated AFTER TRUNCATE ON promo_monthly_breakdown FOR EACH STATEMENT EXECUTE FUNCTION promo_add_to_monthly_totals();

CREATE TRIGGER trigger_months_updated AFTER UPDATE ON promo_monthly_breakdown REFERENCING OLD TABLE AS former NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION promo_add_to_monthly_totals();

CREATE TRIGGER trigger_keep_former_slug AFTER UPDATE OF link_slug ON promo_offers FOR EACH ROW WHEN (old.link_slug IS NOT NULL AND old.link_slug IS DISTINCT FROM new.link_slug) EXECUTE FUNCTION promo_keep_former_slug();

CREATE TRIGGER trigger_note_catalogue_change AFTER INSERT OR DELETE OR UPDATE OF id, name, offer_type, link_slug, weight, active, document_id OR TRUNCATE ON promo_offers FOR EACH STATEMENT EXECUTE FUNCTION promo_note_catalogue_change();

CREATE TRIGGER trigger_update_offer_ctr BEFORE INSERT OR UPDATE OF total_impressions, total_clicks ON promo_offers FOR EACH ROW EXECUTE FUNCTION update_offer_ctr();

CREATE TRIGGER trigger_hours_deleted AFTER DELETE ON promo_performance_metrics REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION promo_add_to_hourly_totals();

CREATE TRIGGER trigger_hours_inserted AFTER INSERT ON promo_performance_metrics REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION promo_add_to_hourly_totals();

CREATE TRIGGER trigger_hours_truncated AFTER TRUNCATE ON promo_performance_metrics FOR EACH STATEMENT EXECUTE FUNCTION promo_add_to_hourly_totals();

CREATE TRIGGER trigger_hours_updated AFTER UPDATE ON promo_performance_metrics REFERENCING OLD TABLE AS former NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION promo_add_to_hourly_totals();

CREATE TRIGGER trigger_keep_settling_order BEFORE UPDATE ON promo_settlement FOR EACH ROW EXECUTE FUNCTION promo_keep_settling_order();

CREATE TRIGGER trigger_note_catalogue_change AFTER INSERT OR DELETE OR UPDATE OF id, offer_id, text_content, cta_text, tone, length_category, approved, document_id OR TRUNCATE ON promo_text_variations FOR EACH STATEMENT EXECUTE FUNCTION promo_note_catalogue_change();

CREATE TRIGGER trigger_subtract_deleted_variation AFTER DELETE ON promo_text_variations FOR EACH ROW EXECUTE FUNCTION subtract_deleted_variation();

CREATE TRIGGER trigger_update_variation_ctr BEFORE INSERT OR UPDATE OF impressions, clicks ON promo_text_variations FOR EACH ROW EXECUTE FUNCTION update_variation_ctr();
