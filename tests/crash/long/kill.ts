import { setTimeout as sleep } from 'node:timers/promises'
import { migrate } from '../../../src/lib/database/migrate.ts'
import type { Sql } from '../../../src/lib/database/sql.ts'
import { createAnswers } from './answers.ts'
import type { LongLedger, Target } from './ledger.ts'
import { loadAll, loadVisits } from './load.ts'
import { faultsOf, type Moment, type Plan } from './plan.ts'
import { isDrained, type LongSite, launch, readMetric } from './site.ts'
import { createTrouble, type Trouble } from './trouble.ts'
import { type Chapter, isBehind, letTimePass, segmentsIn, type World } from './world.ts'

/** `hit`: whether the site was seen at what was aimed for; `kills`: one for each instance, and one for a backlog. */
export type Killed = { moment: Moment; hit: boolean; kills: number; faults: string[]; log: string[] }

const known: Target[] = [
  { slug: 'nocodemba', variation: 42 },
  { slug: 'nocodemba', variation: 43 },
  { slug: 'quietdesk', variation: 50 },
  { slug: 'nocodemba', variation: 60 },
]

/** About how long a start takes here, in milliseconds; learned on the way. */
let startTakes = 700

/** One plan: starts what it says, clicks, and kills it. */
export async function kill(plan: Plan, world: World, chapter: Chapter, ledger: LongLedger): Promise<Killed> {
  const { moment, number } = plan
  const { sql, url } = chapter
  const folder = plan.disk && world.disk ? world.disk.folder : world.one
  let kills = 0
  const migrates = moment === 'migration' && (await isBehind(sql))
  // Without any links so far, a site answers 404 until its database is migrated.
  if (moment !== 'migration') await migrate(sql)
  if (moment === 'replay' && segmentsIn(folder).length === 0) {
    await leaveBacklog(`c${number}-backlog`, chapter, folder, ledger)
    kills += 1
  }
  if (moment === 'settling') await letTimePass(sql)
  const targets = plan.newPromos ? [...known, ...(await insertPromo(sql, number, plan.random))] : known
  const trouble = createTrouble(plan, world.server, sql)
  if (plan.early) await trouble.begin()

  const started = performance.now()
  const site = await launch(url, folder, plan)
  const sites = [site]
  if (plan.instances !== 'one')
    sites.push(await launch(url, plan.instances === 'two on one folder' ? folder : world.other, plan))
  void site.listening.then(
    () => {
      if (!plan.early) startTakes = 0.8 * startTakes + 0.2 * (performance.now() - started)
    },
    () => {},
  )
  const before = segmentsIn(folder)
  const load = new AbortController()
  const runs = sites.map(async (one, index) => {
    const answers = createAnswers()
    const into = { ledger, answers, signal: load.signal }
    await loadAll(one, `c${number}-${index}`, targets, into)
    // A fault of the disk that the plan says is held against the ledger more strictly.
    return plan.disk ? [] : answers.doubtful(one)
  })

  const aimed = await aim({ plan, site, world, sql, trouble, ledger, before, migrates })
  kills += await end(sites)
  load.abort()
  if (plan.disk) await world.disk?.mend()
  await Promise.all(sites.map((one) => one.kill()))
  ledger.doubt((await Promise.all(runs)).flat())
  ledger.release(false)
  await trouble.end()
  const hit = migrates && moment === 'migration' ? await isBehind(sql) : aimed
  return { moment, hit, kills, faults: faultsOf(plan), log: sites.flatMap(({ log }) => log) }
}

type Aim = {
  plan: Plan
  site: LongSite
  world: World
  sql: Sql
  trouble: Trouble
  ledger: LongLedger
  before: readonly string[]
  migrates: boolean
}

/** Resolves at the moment for the kill, with whether the site was seen at what the plan aims for. */
async function aim(from: Aim): Promise<boolean> {
  const { plan, site, sql, before } = from
  const { when } = plan
  switch (plan.moment) {
    case 'start':
      await sleep(when * 1.2 * startTakes)
      return true
    case 'migration':
      await sleep((0.3 + when) * startTakes)
      return from.migrates
    case 'replay': {
      await sleep((0.5 + when) * startTakes)
      const left = new Set(segmentsIn(site.dataDir))
      return before.some((name) => left.has(name))
    }
    case 'settling':
      return await untilSettling(sql, site, when)
    case 'flush':
      await makeTrouble(from)
      await sleep(when * 350)
      return true
    case 'stop':
      await makeTrouble(from)
      site.process.kill('SIGTERM')
      await sleep(when * 300)
      return site.process.exitCode === null
  }
}

/** Resolves when the site answers and the faults of the plan have begun; a fault of the disk is also over by then. */
async function makeTrouble({ plan, site, world, trouble, ledger }: Aim): Promise<void> {
  await isAnswering(site, ledger)
  if (!plan.early) await trouble.begin()
  const { disk } = world
  if (!plan.disk || !disk) return
  await sleep(plan.random() * 200)
  ledger.hold()
  if (plan.disk === 'disk full') disk.fill()
  else await disk.freeze()
  await sleep(plan.random() * 1_500)
  // Some are killed while it is full or frozen: then nothing is promised for what came meanwhile.
  if (plan.random() < 0.3) return
  await disk.mend()
  const nothingLost =
    (await isDrained(site, 20_000)) && (await readMetric(site, 'promo_events_lost_total')) === 0
  ledger.release(nothingLost)
}

async function isAnswering({ listening }: LongSite, { answered }: LongLedger): Promise<void> {
  const before = answered.size
  await Promise.race([listening.catch(() => {}), sleep(12_000)])
  for (let looks = 0; looks < 100 && answered.size === before; looks += 1) await sleep(5)
}

/** As soon as the database is settling, and up to 20 ms later. */
async function untilSettling(sql: Sql, { listening }: LongSite, when: number): Promise<boolean> {
  await Promise.race([listening.catch(() => {}), sleep(12_000)])
  const until = performance.now() + 1_500
  while (performance.now() < until) {
    const [row] = await sql<{ settling: boolean }[]>`
      select exists (
        select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
          and state = 'active' and query like '%from promo_settlement for update skip locked%'
      ) as settling
    `
    if (row?.settling) {
      await sleep(when * 20)
      return true
    }
  }
  return false
}

/** Kills them one after the other; answers how many still ran. */
async function end(sites: readonly LongSite[]): Promise<number> {
  let kills = 0
  for (const site of sites) {
    if (site.process.exitCode === null) kills += 1
    site.process.kill('SIGKILL')
    if (sites.length > 1) await sleep(100)
  }
  return kills
}

/** Events that wait in the journal of a killed site. */
async function leaveBacklog(
  run: string,
  chapter: Chapter,
  folder: string,
  ledger: LongLedger,
): Promise<void> {
  const lock = chapter.sql
    .unsafe('lock table promo_click_tracking in access exclusive mode; select pg_sleep(30)')
    .catch(() => {})
  const site = await launch(chapter.url, folder)
  await site.listening
  const answers = createAnswers()
  await loadVisits(site, run, known, { ledger, answers, requests: 300, connections: 4 })
  await site.kill()
  ledger.doubt(answers.doubtful(site))
  await chapter.sql`
    select pg_cancel_backend(pid) from pg_stat_activity
    where datname = current_database() and query like 'lock table%'
  `
  await lock
}

/** An offer with a link and texts that no site has seen yet. */
async function insertPromo(sql: Sql, number: number, random: () => number): Promise<Target[]> {
  const slug = `new-${number}`
  const texts = 1 + Math.floor(random() * 5)
  const rows = await sql<{ id: number }[]>`
    with link as (
      insert into affiliate_links (slug, destination_url) values (${slug}, 'https://new.example/')
    ), offer as (
      insert into promo_offers (name, offer_type, link_slug) values (${slug}, 'affiliate', ${slug}) returning id
    )
    insert into promo_text_variations (offer_id, text_content, approved)
    select offer.id, 'New text ' || number, true from offer, generate_series(1, ${texts}::integer) number
    returning id
  `
  const older = await sql<{ id: number }[]>`
    insert into promo_text_variations (offer_id, text_content, approved)
    select 4, 'New text ' || number, true from generate_series(1, ${texts}::integer) number
    returning id
  `
  return [
    ...rows.map(({ id }): Target => ({ slug, variation: id, fresh: true })),
    ...older.map(({ id }): Target => ({ slug: 'nocodemba', variation: id })),
  ]
}
