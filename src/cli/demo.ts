import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addEditor } from '../lib/auth/editor.ts'
import { generatePassword } from '../lib/auth/password.ts'
import { ok } from '../lib/base/result.ts'
import { embeddedUrl } from '../lib/database/embedded/start.ts'
import { migrate, migrationDeadline } from '../lib/database/migrate.ts'
import type { PromoTracking } from '../lib/index.ts'
import { samplePrefix } from '../lib/sample/history.ts'
import type { Config } from '../lib/settings/config.ts'
import { hasSends } from '../lib/store/catalogue.ts'
import type { BuiltSite } from '../server/host-site.ts'
import { loadConfig } from '../server/load-config.ts'
import { startSite } from '../server/start.ts'
import { print, remark } from './command.ts'
import { makeSampleNewsletter } from './sample-newsletter.ts'
import { seedSample } from './seed.ts'

/**
 * The site on sample data, to look at. `.env` may hold a real site's settings: those that say where its data and its
 * visitors are do not count here, so that sample data never mixes with it.
 */
const demoSettings = {
  PROMO_DATA_DIR: '.demo',
  DATABASE_URL: '',
  PROMO_DATABASE_URL: '',
  SITE_URL: '',
  PROMO_SITE_URL: '',
  PROMO_LOG_LEVEL: 'warn',
}

async function main(): Promise<void> {
  for (const [name, value] of Object.entries(demoSettings)) process.env[name] ||= value
  const config = loadConfig()
  const folder = join(config.PROMO_DATA_DIR, 'public')
  print('Starting; the first start takes a moment longer ...')
  process.env.ASTRO_NODE_AUTOSTART = 'disabled'
  const { built }: { built: BuiltSite } = await import(
    new URL('../../dist/server/entry.mjs', import.meta.url).href
  )
  const { app, url, stop } = await startSite(built, config, [folder])
  const fault = await provideSample(app)
  if (fault !== undefined) {
    remark(`The sample data could not be created: ${fault}`)
    await stop()
    process.exit(1)
  }
  const date = new Date().toISOString().slice(0, 10)
  const issue = { date, send: `${date}-daily` }
  await makeSampleNewsletter(app, url, folder, issue)
  const promo = await app.selectPromo({ newsletter_send_id: issue.send })
  const site = config.SITE_URL
  const places = [
    ['Sample newsletter', `${site}/sample-newsletter.html`],
    ['Its promo link', promo.ok ? promo.value.link : 'none: no offer can be shown'],
    ['Analytics', `${site}/analytics (sign in as "demo" with ${await demoPassword(app)})`],
    ['Home page', `${site}/`],
    ['Guides', `${site}/docs`],
    ['API token', `PROMO_DATA_DIR=${config.PROMO_DATA_DIR} npm run --silent promo -- token`],
    ['Health', `${site}/api/v1/promo/health`],
    ['Database', databaseOf(config)],
  ]
  print(`\nThe sample site runs. Its data is in ${config.PROMO_DATA_DIR}.\n`)
  for (const [name = '', address] of places) print(`  ${name.padEnd(18)} ${address}`)
  print('\nOpen the newsletter, click its promo, and look up the click in the database:\n')
  print(
    '  select clicked_at, variation_id, verdict, reason, device from promo_click_tracking order by id desc limit 5;',
  )
  print(
    '\nA click of yours counts unless you are signed in to the analytics: use a private window for one of the two.',
  )
  print('\nStop with Ctrl+C. The next start keeps the data.\n')
}

/** The password of the editor "demo", created at the first start; it is stored with the data, for its owner only. */
async function demoPassword({ config, database }: PromoTracking): Promise<string> {
  const path = join(config.PROMO_DATA_DIR, 'demo-password')
  if (existsSync(path)) return readFileSync(path, 'utf8').trim()
  const password = generatePassword()
  const added = await addEditor(database, { name: 'demo', password })
  if (!added.ok) return `the password that you gave: ${added.fault.message}`
  writeFileSync(path, `${password}\n`, { mode: 0o600 })
  return password
}

/** Sample offers and history, once: what somebody changes afterwards stays. Answers what went wrong. */
async function provideSample({ database }: PromoTracking): Promise<string | undefined> {
  const migrated = await database.run((sql) => migrate(sql), migrationDeadline)
  if (!migrated.ok) return migrated.fault.message
  const found = await database.run((sql) => hasSends(sql, samplePrefix))
  if (!found.ok) return found.fault.message
  if (found.value.some((row) => row.found)) return undefined
  const seeded = await seedSample(database, { history: true })
  if (!seeded.ok) return seeded.fault.message
  for (const line of seeded.value) print(line)
  return undefined
}

/** How to look into the database. */
function databaseOf({ DATABASE_URL, PROMO_DATA_DIR }: Config): string {
  const url = DATABASE_URL === undefined ? embeddedUrl(PROMO_DATA_DIR) : ok(DATABASE_URL)
  return url.ok ? `psql "${url.value}"` : url.fault.message
}

await main()
