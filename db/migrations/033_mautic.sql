-- Keeps the former version right: it knows nothing of Mautic, and what is corrected here looks to it like any other report.
-- Which e-mails of Mautic went out as which send, how many contacts they went to, and how much of that is in the reports.
create table promo_mautic_emails (
  email_id integer primary key check (email_id > 0),
  newsletter_send_id character varying(100) not null check (newsletter_send_id <> ''),
  -- The text that it shows, as far as that is known; said by somebody, or read from its links.
  variation_id integer,
  by_hand boolean not null default false,
  sent_count integer not null default 0 check (sent_count >= 0),
  corrected_count integer,
  mapped_at timestamp with time zone not null default now(),
  read_at timestamp with time zone,
  changed_at timestamp with time zone not null default now()
);

create index idx_mautic_send on promo_mautic_emails (newsletter_send_id);
