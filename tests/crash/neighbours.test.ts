import { expect } from 'vitest'
import { ask } from '../pages/running-site.ts'
import { type BadWay, badAnswers } from '../support/bad-neighbours.ts'
import { matomoToken, startFakeMatomo } from '../support/fake-matomo.ts'
import { login, startFakeMautic } from '../support/fake-mautic.ts'
import { aSecret, startFakeReceiver } from '../support/fake-receiver.ts'
import { collection, someLinks, startFakeStrapi } from '../support/fake-strapi.ts'
import type { SiteProcess } from '../support/site.ts'
import { waitFor } from '../support/wait.ts'
import { test, untilDrained } from './fixture.ts'
import { createLedger, expectExactlyOnce } from './ledger.ts'

const neighbours = ['strapi', 'matomo', 'mautic', 'webhooks'] as const
type Bad = Record<(typeof neighbours)[number], BadWay | 'gone'>

const readHealth = async (site: SiteProcess) => JSON.parse((await ask(site, '/api/v1/promo/health')).body)

test('failing neighbours cost no redirect and lose nothing, and health names each', async ({
  database: { sql },
  start,
}) => {
  const strapi = Object.assign(await startFakeStrapi(collection(() => someLinks(2))), { instead: undefined })
  const servers = {
    strapi,
    matomo: await startFakeMatomo(),
    mautic: await startFakeMautic(),
    webhooks: await startFakeReceiver(aSecret),
  }
  const settings = {
    ...{ PROMO_LINKS: 'both', PROMO_STRAPI_URL: strapi.url },
    PROMO_STRAPI_FIELDS: 'slug:slug,destination:destination_url,active:active',
    ...{ PROMO_MATOMO_URL: servers.matomo.url, PROMO_MATOMO_SITE_ID: '1', PROMO_MATOMO_TOKEN: matomoToken },
    ...{ PROMO_MAUTIC_URL: servers.mautic.url, PROMO_MAUTIC_USER: login.user },
    ...{ PROMO_MAUTIC_PASSWORD: login.password, PROMO_MAUTIC_EVERY_MINUTES: '1' },
    ...{ PROMO_MAUTIC_EMAIL_NAMES: '*{send}*', PROMO_WEBHOOK_ADDRESSES: 'any' },
  }
  // What waits since yesterday.
  await sql`insert into promo_webhooks (url, secret, events) values (${servers.webhooks.url}, ${aSecret}, '{}')`
  await sql`
    insert into promo_outbox (target, body, created_at, due_at)
    select target, body || jsonb_build_object('id', n, 'at', 1700000000 + n), now() - interval '23 hours', now()
    from generate_series(1, 120) n, (values
      ('matomo', '{"offer_id": 4, "offer": "", "slug": null, "variation_id": 42, "text": "", "send": null,
        "newsletter": null}'::jsonb),
      ('webhook:1', '{"type": "tracking.degraded"}')
    ) waits (target, body)
  `
  await sql`update promo_outbox set body = body || jsonb_build_object('id', body ->> 'id') where target = 'webhook:1'`
  const ledger = createLedger()

  const goBad = async (bad: Bad, faults: object): Promise<void> => {
    for (const name of neighbours) {
      const way = bad[name]
      if (way === 'gone') await servers[name].stop()
      else if (name === 'strapi') strapi.answer = badAnswers[way]
      else servers[name].instead = badAnswers[way]
    }
    const site = await start(settings)
    const load = { url: site.url, connections: 4, requests: 200 }
    const redirects = ledger.load('visit', load)
    await waitFor(async () => expect(await readHealth(site)).toMatchObject(faults), 100)
    expect((await redirects).statuses).toEqual({ 307: 200 })
    expect((await ledger.load('visit', load)).statuses).toEqual({ 307: 200 })
    await site.kill()
    for (const name of neighbours) {
      if (bad[name] === 'gone') await servers[name].start()
      if (name !== 'strapi') servers[name].instead = undefined
    }
    strapi.answer = collection(() => someLinks(2))
  }
  const [unsuitable, unreachable, failing] = ['unsuitable', 'unreachable', 'failing'].map((fault) => ({
    fault,
  }))
  await goBad(
    { strapi: 'garbage', matomo: '10 MB', mautic: 'circle', webhooks: 'gone' },
    { strapi: failing, matomo: unsuitable, mautic: unsuitable, webhooks: unreachable },
  )
  await goBad(
    { strapi: '10 MB', matomo: 'circle', mautic: 'gone', webhooks: 'hangs' },
    { strapi: unsuitable, matomo: unsuitable, mautic: unreachable },
  )

  await sql`update promo_outbox set due_at = now()`
  const site = await start(settings)
  await untilDrained(site)
  await waitFor(async () => expect([...(await sql`select target, body from promo_outbox`)]).toEqual([]), 200)
  expect(new Set(servers.matomo.tracked.map((click) => click.get('cdt'))).size).toBe(120)
  expect(new Set(servers.webhooks.messages.map(({ id }) => id)).size).toBe(120)
  await expectExactlyOnce(sql, ledger)
})
