import {
  besideSeconds,
  manyAddresses,
  onlyAddresses,
  onlyShare,
  sharedAgent,
  spanSeconds,
} from '../classify/judge.ts'
import type { Fragment, Sql } from '../database/sql.ts'
import { widerDigits } from '../model/visitor.ts'

/** The wider network of a click, in SQL. */
const networkOf = (sql: Sql, hash: Fragment) => sql`left(${hash}, ${widerDigits}::integer)`

/** A user agent as a key for joins, which null cannot be. */
const agentOf = (sql: Sql, agent: Fragment) => sql`coalesce('=' || ${agent}, '')`

const spanOf = (sql: Sql, at: Fragment) =>
  sql`floor(extract(epoch from ${at}) / ${spanSeconds}::integer)::bigint`

/** Whether the weak signs of a click, joined by `+`, include that its network was seen scanning. */
const isSeen = (sql: Sql, signs: Fragment) => sql`'seen_network' = any (string_to_array(${signs}, '+'))`

/**
 * What is known of the networks of the clicks in `batch`: further expressions. `networks_around` has the addresses of
 * each network, text and span of time together with the spans before and after, if they are many; `agents_around` those
 * of one user agent; `beside` has the seconds at which another network clicked the same text close to a click of a
 * scanning network. Counted by whole spans and seconds, so that the cost of a crowd grows with its clicks, not with
 * their square.
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
    select c.variation_id, c.clicked_at, c.address_hash, ${networkOf(sql, sql`c.address_hash`)} as network,
      ${spanOf(sql, sql`c.clicked_at`)} as span, c.user_agent
    from network_stretches, lateral (
      select variation_id, clicked_at, address_hash, user_agent
      from promo_click_tracking
      where clicked_at >= network_stretches.since and clicked_at < network_stretches.until and address_hash is not null
      offset 0
    ) c
  ), network_spans as materialized (
    -- Most networks have too few clicks for a closer look.
    select variation_id, network, span
    from (
      select variation_id, network, span, sum(count(*)) over (
          partition by variation_id, network order by span range between 1 preceding and 1 following
        ) as clicks
      from network_clicks group by 1, 2, 3
    ) counted
    where clicks >= ${manyAddresses}::integer
  ), network_addresses as materialized (
    select variation_id, network, span, ${agentOf(sql, sql`user_agent`)} as agent, address_hash
    from (
      -- "offset 0": merged with the next join, every click might be compared with every span.
      select variation_id, network, user_agent, address_hash, span + away as span
      from network_clicks, generate_series(-1, 1) as away
      offset 0
    ) clicks
    join network_spans spans using (variation_id, network, span)
    group by 1, 2, 3, 4, 5
  ), agents_around as materialized (
    select variation_id, network, span, agent, count(*) as addresses
    from network_addresses group by 1, 2, 3, 4
    having count(*) >= ${manyAddresses}::integer
  ), networks_around as materialized (
    select variation_id, network, span, count(*) as addresses
    from (select distinct variation_id, network, span, address_hash from network_addresses) known
    group by 1, 2, 3
    having count(*) >= ${manyAddresses}::integer
  ), scanned_seconds as materialized (
    select distinct variation_id, ${networkOf(sql, sql`address_hash`)} as network,
      date_trunc('second', clicked_at) as second
    from batch where address_hash is not null and ${isSeen(sql, sql`sign`)}
  ), beside as materialized (
    select distinct scanned.variation_id, scanned.network, scanned.second
    from (
      select variation_id, network, second, second + away * interval '1 second' as moment
      from scanned_seconds, generate_series(${-besideSeconds}::integer, ${besideSeconds}::integer) as away
      offset 0
    ) scanned
    join (
      select distinct variation_id, network, date_trunc('second', clicked_at) as moment from network_clicks
      where exists (select from scanned_seconds)
    ) others on others.variation_id = scanned.variation_id and others.moment = scanned.moment
      and others.network <> scanned.network
  )
`

/** Joins these expressions to the clicks of `batch`. */
export const besideNetworks = (sql: Sql) => sql`
  left join networks_around everyone on everyone.variation_id = batch.variation_id
    and everyone.network = ${networkOf(sql, sql`batch.address_hash`)}
      and everyone.span = ${spanOf(sql, sql`batch.clicked_at`)}
  left join agents_around alike on alike.variation_id = batch.variation_id and alike.network = everyone.network
    and alike.span = everyone.span and alike.agent = ${agentOf(sql, sql`batch.user_agent`)}
  left join beside on beside.variation_id = batch.variation_id
    and beside.network = ${networkOf(sql, sql`batch.address_hash`)}
      and beside.second = date_trunc('second', batch.clicked_at)
    and ${isSeen(sql, sql`batch.sign`)}
`

/** Whether a click of `batch`, joined as above, is part of a crowd of addresses: a condition. */
export const isFromMany = (sql: Sql) => sql`
  (alike.addresses is not null or (everyone.addresses is not null and ${isSeen(sql, sql`batch.sign`)})) is true
`

/** The weak signs that the networks of a click of `batch` show, joined as above; null if one does not hold. */
export const networkSigns = (sql: Sql) => sql`
  case when ${isFromMany(sql)} then 'many_addresses' end,
  case when alike.addresses >= greatest(${onlyAddresses}::integer, ${onlyShare}::double precision * everyone.addresses)
    and batch.user_agent is not null and batch.user_agent !~ ${sharedAgent} then 'only_agent' end,
  case when beside.second is not null then 'beside_person' end
`
