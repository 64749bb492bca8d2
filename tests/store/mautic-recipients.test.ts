import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { fail, ok } from '../../src/lib/base/result.ts'
import { type Database, openDatabase } from '../../src/lib/database/database.ts'
import { followMautic, openMautic } from '../../src/lib/mautic/background.ts'
import { openMauticClient } from '../../src/lib/mautic/client.ts'
import { describeRecipients } from '../../src/lib/mautic/describe.ts'
import { followRecipients } from '../../src/lib/mautic/recipients.ts'
import { mauticPlace } from '../../src/lib/mautic/settings.ts'
import { mauticHealth } from '../../src/lib/operations/mautic-health.ts'
import { readConfig } from '../../src/lib/settings/config.ts'
import { mapEmailByHand } from '../../src/lib/store/mautic.ts'
import { createEventIds } from '../../src/lib/tracking/event-id.ts'
import { openTestApp } from '../support/app.ts'
import { createTestDatabase, findDrift, insertPromos, type TestDatabase } from '../support/database.ts'
import { processEnvironment } from '../support/environment.ts'
import { anImpression } from '../support/events.ts'
import {
  client,
  type FakeEmail,
  type FakeMautic,
  login,
  sendMauticError,
  startFakeMautic,
} from '../support/fake-mautic.ts'
import { type FakeStrapi, sendJson } from '../support/fake-strapi.ts'
import { recordImpressions } from '../support/record.ts'

const day = 86_400_000
const folder = mkdtempSync(join(tmpdir(), 'promo-mautic-'))
const linkTo = (text: number) =>
  `<a href="https://site.example/nocodemba?promo_var=${text}&amp;utm_source=newsletter">Go</a>`

let store: TestDatabase
let database: Database
let now: number
let failing: boolean

beforeAll(async () => {
  store = await createTestDatabase()
  await insertPromos(store.sql)
  database = openDatabase({
    locate: async () => (failing ? fail({ message: 'away' }) : ok(store.url)),
    log: pino({ level: 'silent' }),
    connections: 3,
  })
})
afterAll(async () => {
  await database?.close()
  await store?.drop()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  failing = false
  now = Date.now()
  await store.sql`truncate promo_mautic_emails, promo_decisions`
  await store.sql`delete from promo_impression_tracking`
  await store.sql`truncate promo_performance_metrics, promo_daily_metrics`
  await store.sql`update promo_text_variations set impressions = 0`
  await store.sql`update promo_offers set total_impressions = 0`
})

const report = (newsletter_send_id: string, variation_id: number, recipients: number, at = now - 2 * day) =>
  recordImpressions(store.sql, [anImpression({ at, newsletter_send_id, variation_id, recipients })])
const choose = (send: string, ...texts: number[]) =>
  Promise.all(
    texts.map(
      (variation_id, index) => store.sql`
        insert into promo_decisions (newsletter_send_id, segment, offer_id, variation_id, strategy, probability,
          newsletter)
        values (${send}, ${index + 1}, 4, ${variation_id}, 'weighted', 0.5, 'daily')
      `,
    ),
  )
const map = (send: string, email_id: number, variation_id: number | null = null) =>
  database.run((sql) => mapEmailByHand(sql, { send, email_id, variation_id }))
const hourLater = () => store.sql`update promo_mautic_emails set changed_at = changed_at - interval '1 hour'`
const dayLater = () => store.sql`update promo_mautic_emails set changed_at = changed_at - interval '1 day'`
const reported = async (send: string) =>
  Object.fromEntries(
    (
      await store.sql<{ variation_id: number; recipients: number }[]>`
        select variation_id, recipients from promo_impression_tracking where newsletter_send_id = ${send} order by 1
      `
    ).map(({ variation_id, recipients }) => [variation_id, recipients]),
  )

async function begin(emails: Record<number, FakeEmail>, names?: string) {
  const fake = await startFakeMautic(emails)
  const mautic = openMauticClient({ url: fake.url, login, elapsed: () => 0 })
  onTestFinished(mautic.stop)
  const follow = async (send?: string, others: Partial<Parameters<typeof followRecipients>[0]> = {}) => {
    const parts = { database, mautic, names, now: () => now, newEventId: createEventIds(), ...others }
    const followed = await followRecipients(parts, send)
    if (!followed.ok) throw new Error(followed.fault.message)
    return followed.value
  }
  /** What it says that it did. */
  const told = async (send?: string) => describeRecipients(await follow(send))
  return { fake, follow, told }
}
const asked = (fake: FakeMautic) => fake.requests.splice(0).map(({ path }) => path.replace('/api/emails', ''))

describe('the recipients of a send follow Mautic', () => {
  test('while it sends: at once if they are more, and once if they are the same', async () => {
    await report('friday', 42, 500)
    await map('friday', 17)
    const { fake, told } = await begin({ 17: { sentCount: 800, customHtml: linkTo(42) } })
    expect(await told()).toEqual(['send "friday", text 42: 500 → 800 (grown)'])
    expect(await told()).toEqual([])
    fake.emails.set(17, { sentCount: 5_000, customHtml: linkTo(42) })
    expect(await told()).toEqual(['send "friday", text 42: 800 → 5000 (grown)'])
    expect(await reported('friday')).toEqual({ 42: 5_000 })
    const [late] = await store.sql`select corrected_late_at, tracked_at from promo_impression_tracking`
    expect(late?.corrected_late_at).toBeNull()
    expect(+late?.tracked_at).toBe(now - 2 * day)
    expect(await findDrift(store.sql)).toEqual([])
  })

  test('to fewer when its count has not changed for an hour', async () => {
    await report('friday', 42, 10_000)
    await map('friday', 17)
    const { told } = await begin({ 17: { sentCount: 9_800 } })
    const stays = ['send "friday", text 42: 10000 stays until Mautic has said 9800 for an hour']
    expect(await told()).toEqual(stays)
    expect(await told()).toEqual(stays)
    await hourLater()
    expect(await told()).toEqual(['send "friday", text 42: 10000 → 9800 (settled)'])
    expect(await told()).toEqual([])
    expect(await reported('friday')).toEqual({ 42: 9_800 })
    expect(await findDrift(store.sql)).toEqual([])
  })

  test('but neither undo a later correction by hand nor go back to an older answer', async () => {
    await report('friday', 42, 500)
    await map('friday', 17)
    const { fake, told } = await begin({ 17: { sentCount: 800 } })
    await told()
    await report('friday', 42, 790, now)
    fake.emails.set(17, { sentCount: 600 })
    await hourLater()
    expect(await told()).toEqual([])
    expect(await reported('friday')).toEqual({ 42: 790 })
    fake.emails.set(17, { sentCount: 801 })
    expect(await told()).toEqual(['send "friday", text 42: 790 → 801 (grown)'])
  })

  test('for each variant and translation, by the text in its links: variants are segments', async () => {
    await choose('friday', 42, 43)
    await report('friday', 42, 1_000)
    await map('friday', 17)
    const { told, follow, fake } = await begin({
      17: { sentCount: 500, customHtml: linkTo(42), variantChildren: [18], translationChildren: [19] },
      18: { sentCount: 490, plainText: 'https://site.example/nocodemba?promo_var=43', variantParent: 17 },
      19: { sentCount: 600, customHtml: linkTo(42) },
    })
    expect(await told()).toEqual([
      'e-mail 18 belongs to send "friday"',
      'e-mail 19 belongs to send "friday"',
      'send "friday", text 42: 1000 → 1100 (grown)',
      'send "friday", text 43: not reported → 490 (grown)',
    ])
    expect(asked(fake)).toEqual(['/17', '/18', '/19'])
    expect((await follow()).corrected).toEqual([])
    const rows =
      await store.sql`select newsletter, tracked_at from promo_impression_tracking order by variation_id`
    // A text that nobody reported went out with the others.
    expect(rows.map(({ newsletter, tracked_at }) => [newsletter, +tracked_at])).toEqual([
      ['daily', now - 2 * day],
      ['daily', now - 2 * day],
    ])
    expect(await findDrift(store.sql)).toEqual([])
  })

  test('for a send that nobody reported, at its planned time or when it is first seen', async () => {
    await choose('friday', 42)
    await choose('saturday', 43)
    await map('friday', 17)
    await map('saturday', 18)
    const publishUp = new Date(Math.floor(now / 1_000) * 1_000 - 3_600_000).toISOString()
    const { told } = await begin({
      17: { sentCount: 500, publishUp },
      18: { sentCount: 700, publishUp: new Date(now - 31 * day).toISOString() },
    })
    expect(await told()).toHaveLength(2)
    const rows = await store.sql`select tracked_at from promo_impression_tracking order by newsletter_send_id`
    expect(rows.map(({ tracked_at }) => +tracked_at)).toEqual([Date.parse(publishUp), now])
  })

  test('by the names of its e-mails', async () => {
    await report('2026-11-20', 42, 1)
    await choose('2026-11-21', 43)
    await report('old', 42, 1, now - 31 * day)
    const { told, fake } = await begin(
      {
        1: { sentCount: 9, name: 'Daily old' },
        2: { sentCount: 20, name: 'Daily 2026-11-20' },
        3: { sentCount: 21, name: 'Daily 2026-11-21' },
        4: { sentCount: 22, name: 'Daily 2026-11-22' },
      },
      '*{send}*',
    )
    await map('2026-11-20', 2)
    expect((await told()).sort()).toEqual([
      'e-mail 3 belongs to send "2026-11-21"',
      'send "2026-11-20", text 42: 1 → 20 (grown)',
      'send "2026-11-21", text 43: not reported → 21 (grown)',
    ])
    expect(asked(fake)).toHaveLength(3)
    fake.instead = (_, response) => sendMauticError(response, 403, 'API disabled.')
    const { follow } = await begin({}, '*{send}*')
    const { asked: count, obstacles } = await follow()
    expect([count, obstacles.map(({ email_id }) => email_id).sort()]).toEqual([2, [2, 3]])
  })

  test('by a text that was set by hand, whatever the links say', async () => {
    await report('friday', 42, 500)
    await report('friday', 43, 500)
    await map('friday', 17, 43)
    await map('friday', 18, 44)
    const { told } = await begin({ 17: { sentCount: 800, customHtml: linkTo(42) }, 18: { sentCount: 5 } })
    expect(await told()).toEqual([
      'send "friday", text 43: 500 → 800 (grown)',
      'e-mail 18 is mapped to text 44, which its send did not show',
    ])
    await map('friday', 17)
    expect(await told()).toContain('send "friday", text 42: 500 → 800 (grown)')
  })

  test('until a count has not changed for a day, and after that on request', async () => {
    await report('friday', 42, 500)
    await map('friday', 17)
    const { fake, told } = await begin({ 17: { sentCount: 800 } })
    await told()
    expect(asked(fake)).toEqual(['/17'])
    await dayLater()
    await told()
    expect(asked(fake)).toEqual([])
    fake.emails.set(17, { sentCount: 801 })
    expect(await told('friday')).toEqual(['send "friday", text 42: 800 → 801 (grown)'])
    expect(await told('saturday')).toEqual([])
  })

  test('despite other e-mails that cause errors', async () => {
    await report('friday', 42, 500)
    await report('friday', 43, 500)
    await map('friday', 16)
    await map('friday', 17)
    await map('friday', 18)
    await map('friday', 19)
    await map('nobody', 20)
    const { told } = await begin({
      17: { sentCount: 800, customHtml: linkTo(42) },
      18: { sentCount: 70 },
      19: { sentCount: 70, customHtml: linkTo(42) + linkTo(43) },
      20: { sentCount: 70 },
    })
    expect((await told()).sort()).toEqual([
      'e-mail 16 answered with status 404: Item was not found.',
      'e-mail 18 does not say which of the texts 42, 43 it shows',
      'e-mail 19 shows several texts of its send (42, 43)',
      'e-mail 20 belongs to a send that was neither reported nor given a promo',
      'send "friday", text 42: 500 → 800 (grown)',
    ])
  })

  const broken: [string, FakeStrapi['answer']][] = [
    ['500', (_, response) => sendMauticError(response, 500, 'Looks like I encountered an error')],
    ['403', (_, response) => sendMauticError(response, 403, 'You do not have access')],
    ['garbage', (_, response) => response.end('<html>')],
    ['a broken line', (_, response) => response.destroy()],
  ]
  test.for(broken)('even if Mautic answers one e-mail with %s', async ([, answer]) => {
    const emails = [17, 18, 19, 20, 21, 22]
    for (const id of emails) {
      await report(`send-${id}`, 42, 500)
      await map(`send-${id}`, id)
    }
    const { fake, follow } = await begin(
      Object.fromEntries(emails.map((id) => [id, { sentCount: 700 + id }])),
    )
    const isBroken = (path: string) => /\/(17|20|22)$/.test(path)
    fake.instead = (request, response) => {
      if (isBroken(`${request.url}`)) return answer(request, response)
      const id = Number(`${request.url}`.split('/').at(-1))
      sendJson(response, 200, { email: { id, sentCount: 700 + id } })
    }
    const followed = await follow()
    expect(followed.fault).toBeUndefined()
    expect(followed.corrected.map(({ send }) => send).sort()).toEqual(['send-18', 'send-19', 'send-21'])
    expect(followed.obstacles.map(({ email_id }) => email_id).sort()).toEqual([17, 20, 22])
    expect(followed.asked).toBe(6)
  })

  test.for(broken)(
    'unless Mautic answers everything with %s, which ends the requests',
    async ([, answer]) => {
      const emails = [17, 18, 19, 20, 21, 22, 23]
      for (const id of emails) {
        await report(`send-${id}`, 42, 500)
        await map(`send-${id}`, id)
      }
      const { fake, follow } = await begin({ 17: { sentCount: 800, name: 'none' } })
      fake.instead = answer
      expect(await follow()).toMatchObject({
        corrected: [],
        obstacles: [],
        fault: { code: expect.any(String) },
      })
      expect(fake.requests).toHaveLength(5)
      // Of one e-mail as well: nothing shows that it is the e-mail's fault, unless Mautic answers something else.
      expect(await follow('send-17')).toMatchObject({ obstacles: [], fault: { code: expect.any(String) } })
      const named = await begin({}, '*{send}*')
      named.fake.instead = (request, response) =>
        /minimal/.test(`${request.url}`)
          ? sendJson(response, 200, { total: 0, emails: [] })
          : answer(request, response)
      const one = await named.follow('send-17')
      expect([one.fault, one.obstacles]).toMatchObject([undefined, [{ email_id: 17 }]])
    },
  )

  test('also if two instances ask at once', async () => {
    await report('friday', 42, 500)
    await map('friday', 17)
    const { fake, follow } = await begin({})
    let count = 1_000
    fake.instead = (_, response) => {
      count += 1
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ email: { id: 17, sentCount: count } }))
    }
    await Promise.all(Array.from({ length: 8 }, () => follow()))
    expect(await reported('friday')).toEqual({ 42: count })
    expect(await findDrift(store.sql)).toEqual([])
  })

  test('except in a general failure, which is reported and changes nothing', async () => {
    await report('friday', 42, 500)
    await report('saturday', 42, 500)
    await map('friday', 17)
    await map('saturday', 18)
    const { fake, follow } = await begin({ 17: { sentCount: 800 }, 18: { sentCount: 900 } })
    fake.instead = (_, response) => sendMauticError(response, 429, 'Slow down', { 'retry-after': '7' })
    expect(await follow()).toMatchObject({ asked: 0, corrected: [], fault: { code: 'busy', pause: 7_000 } })
    expect(fake.requests).toHaveLength(1)
    const other = await begin({})
    await other.fake.stop()
    expect(await other.follow()).toMatchObject({ corrected: [], fault: { code: 'unreachable' } })
    const named = await begin({}, '*{send}*')
    await named.fake.stop()
    expect(await named.follow()).toMatchObject({ asked: 0, fault: { code: 'unreachable' } })
    expect(await reported('friday')).toEqual({ 42: 500 })
  })

  test('for at most fifty e-mails of a send', async () => {
    await report('friday', 42, 500)
    await map('friday', 1)
    const variantChildren = Array.from({ length: 60 }, (_, index) => index + 2)
    const { follow } = await begin({
      1: { sentCount: 1, variantChildren },
      ...Object.fromEntries(variantChildren.map((id) => [id, { sentCount: 1 }])),
    })
    expect((await follow()).asked).toBe(50)
  })

  test('or report that the database is down, at any step', async () => {
    await report('friday', 42, 500)
    await map('friday', 17)
    const { follow } = await begin({ 17: { sentCount: 800, name: 'friday' } }, '*{send}*')
    for (let step = 0; step < 4; step += 1) {
      let steps = 0
      const broken: Database = {
        ...database,
        run: async (work, within) =>
          steps++ === step
            ? fail({ code: 'unavailable', message: 'away' })
            : await database.run(work, within),
      }
      await expect(follow(undefined, { database: broken })).rejects.toThrow('away')
    }
    expect(await reported('friday')).toEqual({ 42: 500 })
  })
})

describe('in the background', () => {
  const lines: Record<string, unknown>[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  beforeEach(() => void lines.splice(0))

  function open(fake: FakeMautic, changes: Partial<Parameters<typeof followMautic>[0]> = {}) {
    const clock = { time: 0 }
    const followed = followMautic({
      ...{
        place: { url: fake.url, login: client },
        every: 20,
        names: undefined,
        database,
        ready: () => true,
        log,
      },
      elapsed: () => clock.time,
      ...changes,
    })
    onTestFinished(followed.stop)
    return { clock, followed }
  }

  test('recipients follow Mautic through an outage, which health reports', async () => {
    await report('friday', 42, 500)
    await map('friday', 17)
    await map('nobody', 18)
    const { fake } = await begin({ 17: { sentCount: 800 }, 18: { sentCount: 9 } })
    const { clock, followed } = open(fake)
    expect(mauticHealth(followed)).toMatchObject({
      degraded: false,
      hints: [false, false],
      told: { ok: true, emails: null },
    })
    await expect.poll(() => reported('friday')).toEqual({ 42: 800 })
    await expect.poll(() => followed.asked).toBe(2)
    const left_out = [{ email_id: 18, reason: expect.stringContaining('neither reported') }]
    expect(mauticHealth(followed)).toMatchObject({
      degraded: false,
      hints: [false, expect.stringContaining('promo mautic-map')],
      told: { ok: true, emails: 2, failing_seconds: 0, left_out },
    })
    fake.instead = (_, response) => sendMauticError(response, 403, 'API disabled.', {}, 'api_disabled')
    await expect.poll(() => followed.fault?.code).toBe('refused')
    // What fails again is the same fault, since the same moment.
    const asked = fake.requests.length
    await expect.poll(() => fake.requests.length).toBeGreaterThan(asked + 4)
    clock.time += 120_000
    expect(mauticHealth(followed)).toMatchObject({
      degraded: false,
      hints: [expect.stringContaining('enable its API'), expect.anything()],
      told: { ok: false, fault: 'refused', failing_seconds: 120 },
    })
    clock.time += 1
    expect(mauticHealth(followed).degraded).toBe(true)
    fake.emails.set(17, { sentCount: 900 })
    fake.instead = undefined
    await expect.poll(() => reported('friday')).toEqual({ 42: 900 })
    await expect.poll(() => followed.failingFor).toBe(0)
    const said = lines.map(({ msg }) => msg)
    expect(said.filter((msg) => msg === 'took the recipients of sends from Mautic')).toHaveLength(2)
    // Once, and again where Mautic began or ended to fail between two e-mails.
    const uncounted = said.filter((msg) => msg === 'e-mails of Mautic cannot be counted').length
    expect(uncounted).toBeGreaterThan(0)
    expect(uncounted).toBeLessThan(6)
    expect(said.filter((msg) => `${msg}`.startsWith('Mautic does not say'))).toHaveLength(1)
  })

  test('it waits for the database to be prepared, and reports if it is down', async () => {
    const { fake } = await begin({})
    let ready = false
    const away: Database = { ...database, run: async () => fail({ code: 'unavailable', message: 'gone' }) }
    const { clock, followed } = open(fake, { ready: () => ready, database: away })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(followed.fault).toBeUndefined()
    ready = true
    await expect.poll(() => followed.fault?.code).toBe('database')
    clock.time += 200_000
    expect(mauticHealth(followed)).toMatchObject({ degraded: false, told: { fault: 'database' } })
  })

  test('exceptions are logged, and a stop ends it at once', async () => {
    await map('friday', 17)
    const { fake } = await begin({})
    const broken: Database = { ...database, run: () => Promise.reject(new Error('bug')) }
    open(fake, { database: broken })
    await expect.poll(() => lines.map(({ msg }) => msg)).toContain('following Mautic broke')
    fake.instead = () => {}
    const { followed } = open(fake)
    await expect.poll(() => fake.requests.length).toBe(1)
    followed.stop()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect([followed.fault, fake.requests.length]).toEqual([undefined, 1])
  })

  test('of the site follow the settings, and are in its health and metrics', async () => {
    await report('friday', 42, 500)
    await map('friday', 17)
    const { fake } = await begin({ 17: { sentCount: 800 } })
    const { app } = await openTestApp(store.url, {
      settings: {
        ...{ PROMO_MAUTIC_URL: fake.url, PROMO_MAUTIC_CLIENT_ID: client.id },
        ...{ PROMO_MAUTIC_CLIENT_SECRET: client.secret, PROMO_MAUTIC_EVERY_MINUTES: '1' },
      },
    })
    await expect.poll(() => reported('friday')).toEqual({ 42: 800 })
    await expect
      .poll(async () => JSON.parse(`${(await app.readHealth()).body}`).mautic)
      .toEqual({ ok: true, emails: 1, failing_seconds: 0, left_out: [] })
    const metrics = `${(await app.readMetrics()).body}`
    expect(metrics).toContain('promo_mautic_up 1')
    expect(metrics).toContain('promo_rows_left_out{kind="mautic_email"} 0')
  })

  test('nothing runs unless Mautic is set up', () => {
    const url = { PROMO_MAUTIC_URL: 'https://m.example' }
    const user = { ...url, PROMO_MAUTIC_USER: 'u', PROMO_MAUTIC_PASSWORD: 'p' }
    const given = (settings: Record<string, string>) => {
      const config = readConfig(settings)
      if (!config.ok) throw new Error('the settings do not hold')
      const opened = openMautic({ config: config.value, database, log, ready: () => false })
      opened?.stop()
      return [mauticPlace(config.value), opened !== undefined]
    }
    expect(given({})).toEqual([undefined, false])
    expect(given(user)).toEqual([
      { url: 'https://m.example', login: { kind: 'user', user: 'u', password: 'p' } },
      false,
    ])
    expect(given({ ...user, PROMO_MAUTIC_EVERY_MINUTES: '5' })[1]).toBe(true)
    const secret = 'a-secret-of-the-client'
    expect(given({ ...url, PROMO_MAUTIC_CLIENT_ID: '1_a', PROMO_MAUTIC_CLIENT_SECRET: secret })[0]).toEqual({
      ...{ url: 'https://m.example', login: { kind: 'client', id: '1_a', secret } },
    })
    expect(mauticPlace(url)).toBeUndefined()
    expect(mauticPlace({ ...url, PROMO_MAUTIC_CLIENT_ID: '1_a' })).toBeUndefined()
  })
})

describe('the command line', () => {
  const promo = (
    args: string[],
    settings: Record<string, string> = {},
  ): Promise<{ code: number; out: string }> =>
    new Promise((done) => {
      const env = { ...processEnvironment, DATABASE_URL: store.url, PROMO_DATA_DIR: folder, ...settings }
      const child = execFile(
        process.execPath,
        [resolve('src/cli/promo.ts'), ...args],
        { cwd: folder, env },
        (_, out, err) => done({ code: child.exitCode ?? -1, out: out + err }),
      )
    })
  const says = (text: string, code: number) => ({ code, out: expect.stringContaining(text) })

  test('maps e-mails and takes their recipients', async () => {
    await report('friday', 42, 500)
    const { fake } = await begin({ 17: { sentCount: 800 } })
    const settings = {
      PROMO_MAUTIC_URL: fake.url,
      PROMO_MAUTIC_USER: login.user,
      PROMO_MAUTIC_PASSWORD: login.password,
    }
    const [unset, noMail, noText, noSend] = await Promise.all([
      promo(['mautic-recipients']),
      promo(['mautic-map', 'friday', 'x']),
      promo(['mautic-map', 'friday', '17', '--variation', '0']),
      promo(['mautic-map', ' ', '17']),
    ])
    expect(unset).toEqual(says('PROMO_MAUTIC_URL', 1))
    expect(noMail).toEqual(says('EMAIL must be', 2))
    expect(noText).toEqual(says('--variation must be', 2))
    expect(noSend).toEqual(says('SEND must not be empty', 2))
    expect(await promo(['mautic-map', 'friday', '17'])).toEqual({
      code: 0,
      out: 'e-mail 17 belongs to send "friday"\n',
    })
    expect(await promo(['mautic-recipients'], settings)).toEqual({
      code: 0,
      out: 'send "friday", text 42: 500 → 800 (grown)\nasked Mautic for 1 e-mail, corrected 1 text\n',
    })
    expect(await promo(['mautic-map', 'nobody', '18', '--variation', '43'])).toEqual(
      says('not been reported yet', 0),
    )
    const [some, none] = await Promise.all([
      promo(['mautic-recipients'], settings),
      promo(['mautic-recipients', 'friday'], { ...settings, PROMO_MAUTIC_PASSWORD: 'wrong' }),
    ])
    expect(some).toEqual(says('e-mail 18 answered with status 404: Item was not found.', 1))
    expect(none).toEqual(says('correct PROMO_MAUTIC_USER', 1))
  })
})
