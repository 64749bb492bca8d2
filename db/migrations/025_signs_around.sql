-- Keeps the former version right: it takes several signs of one click for one, and its own signs as before.
-- What a network shows around a click is known when the click is settled; the request itself can show more than one sign.

alter table promo_click_tracking drop constraint promo_click_tracking_sign_check;
alter table promo_click_tracking add constraint promo_click_tracking_sign_check check (
  string_to_array(sign, '+') <@ array['no_user_agent', 'stale_user_agent', 'signed_agent', 'seen_network']
);

-- Mail is out when the first click of a send comes, and not when the send is reported.
create table promo_first_clicks (
  impression_id bigint primary key references promo_impression_tracking (id) on delete cascade,
  clicked_at timestamptz not null
);

-- Sends that were clicked before have had their first seconds.
insert into promo_first_clicks (impression_id, clicked_at)
select distinct i.id, i.tracked_at
from promo_send_metrics m
join promo_impression_tracking i on i.id = m.impression_id;
