import {
  besideSeconds,
  manyAddresses,
  onlyAddresses,
  onlyShare,
  sharedAgent,
  spanSeconds,
} from '../classify/judge.ts'
import { widerDigits } from '../privacy/visitor-hash.ts'
import type { Fragment, Sql } from './database.ts'

/** The wider network of a click, in SQL. */
const networkOf = (sql: Sql, hash: Fragment) => sql`left(${hash}, ${widerDigits}::integer)`

const spanOf = (sql: Sql, at: Fragment) =>
  sql`floor(extract(epoch from ${at}) / ${spanSeconds}::integer)::bigint`

/**
 * What the networks of the clicks of `batch` show around them: further expressions. `networks_around` has the addresses of each
 * network, text, user agent and span of time with those before and after it, `agent` null for all user agents, where they
 * are many; `beside` has the seconds at which somebody of another network clicked the same text close to a click of a
 * network that scans. Counted by whole spans and seconds, so that a crowd costs as much as its clicks, not their square.
 */
export const networksAround = (sql: Sql) => sql`
  network_stretches as materialized (
    select lower(stretch) as since, upper(stretch) as until
    from (
      select unnest(range_agg(tstzrange(
        clicked_at - ${2 * spanSeconds} * interval '1 second', clicked_at + ${2 * spanSeconds} * interval '1 second'
      ))) as stretch
      from batch where address_hash is not null
    ) merged
  ), network_clicks as materialized (
    select c.variation_id, c.clicked_at, c.address_hash, ${networkOf(sql, sql`c.address_hash`)} as network, c.user_agent as agent
    from network_stretches, lateral (
      select variation_id, clicked_at, address_hash, user_agent
      from promo_click_tracking
      where clicked_at >= network_stretches.since and clicked_at < network_stretches.until and address_hash is not null
      offset 0
    ) c
  ), crowded_networks as materialized (
    -- Most networks have too few clicks to be looked at more closely.
    select variation_id, network from network_clicks group by 1, 2
    having count(distinct address_hash) >= ${manyAddresses}::integer
  ), network_spans as materialized (
    select distinct variation_id, network, agent, address_hash, ${spanOf(sql, sql`clicked_at`)} + away as span
    from network_clicks join crowded_networks using (variation_id, network), generate_series(-1, 1) as away
  ), networks_around as materialized (
    select variation_id, network, span, agent, grouping(agent) = 1 as whole, count(distinct address_hash) as addresses
    from network_spans
    group by grouping sets ((variation_id, network, span, agent), (variation_id, network, span))
    having count(distinct address_hash) >= ${manyAddresses}::integer
  ), scanned_seconds as materialized (
    select distinct variation_id, ${networkOf(sql, sql`address_hash`)} as network, date_trunc('second', clicked_at) as second
    from batch where address_hash is not null and 'seen_network' = any (string_to_array(sign, '+'))
  ), beside as materialized (
    select distinct scanned.variation_id, scanned.network, scanned.second
    from (
      select variation_id, network, second, second + away * interval '1 second' as moment
      from scanned_seconds, generate_series(${-besideSeconds}::integer, ${besideSeconds}::integer) as away
    ) scanned
    join (
      select distinct variation_id, network, date_trunc('second', clicked_at) as moment from network_clicks
      where exists (select from scanned_seconds)
    ) others on others.variation_id = scanned.variation_id and others.moment = scanned.moment
      and others.network <> scanned.network
  )
`

/** Joins what is around the clicks of `batch` to them. */
export const besideNetworks = (sql: Sql) => sql`
  left join networks_around alike on alike.variation_id = batch.variation_id
    and alike.network = ${networkOf(sql, sql`batch.address_hash`)} and alike.span = ${spanOf(sql, sql`batch.clicked_at`)}
    and not alike.whole and alike.agent is not distinct from batch.user_agent
  left join networks_around everyone on everyone.variation_id = batch.variation_id
    and everyone.network = ${networkOf(sql, sql`batch.address_hash`)} and everyone.span = ${spanOf(sql, sql`batch.clicked_at`)}
    and everyone.whole
  left join beside on beside.variation_id = batch.variation_id
    and beside.network = ${networkOf(sql, sql`batch.address_hash`)} and beside.second = date_trunc('second', batch.clicked_at)
    and 'seen_network' = any (string_to_array(batch.sign, '+'))
`

/** Whether a click of `batch`, joined as above, is one of a crowd of addresses: a condition. */
export const isFromMany = (sql: Sql) => sql`
  (alike.addresses is not null or (everyone.addresses is not null and 'seen_network' = any (string_to_array(batch.sign, '+')))) is true
`

/** The weak signs that the networks of a click of `batch` show, joined as above; null where one does not hold. */
export const networkSigns = (sql: Sql) => sql`
  case when ${isFromMany(sql)} then 'many_addresses' end,
  case when alike.addresses >= greatest(${onlyAddresses}::integer, ${onlyShare}::double precision * everyone.addresses)
    and batch.user_agent is not null and batch.user_agent !~ ${sharedAgent} then 'only_agent' end,
  case when beside.second is not null then 'beside_person' end
`
