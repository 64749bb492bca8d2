import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { ok, type Result } from '../lib/base/result.ts'
import { manySeconds } from '../lib/classify/judge.ts'
import { scannerNetworks } from '../lib/classify/scanner-networks.ts'
import type { Database } from '../lib/database/database.ts'
import type { Config } from '../lib/settings/config.ts'
import { parseDatabaseUrl } from '../lib/settings/database-url.ts'
import {
  judgeSelfTest,
  provideSelfTest,
  type SelfTestClick,
  type SelfTestPlace,
} from '../lib/store/self-test.ts'
import { readBuiltSite, rootOf } from '../server/host-site.ts'
import { loadConfig } from '../server/load-config.ts'
import {
  type Command,
  type CommandFault,
  failed,
  misused,
  type Outcome,
  print,
  readArguments,
} from './command.ts'
import { databaseFailed, withDatabase } from './database.ts'
import { type Case, casesOf, neededVariations } from './self-test-cases.ts'
import { clickOf, reportSelfTest, type Sent } from './self-test-report.ts'
import { askSite } from './self-test-request.ts'

const slug = 'promo-self-test'
/** Seconds after which clicks know nothing of each other's variations. */
const apart = manySeconds + 2
/** Seconds that a click may take into the database, and a new link into the site. */
const defaultArrival = 15
const longestArrival = 600
const longestWait = 60_000
const pollEvery = 250

/** The site under test: the address of the link, and `arrival` in milliseconds. */
type Site = { config: Config; url: URL; arrival: number }

export const selftestCommand: Command = {
  name: 'selftest',
  summary: 'click through a running site and check the verdicts',
  synopsis: '[--url URL] [--wait SECONDS]',
  help: `Sends requests like those of a person, of programs and of mail scanners through the redirect of a running
site, to an offer of its own that reports and selection leave out, and checks what the database says of
them: the verdicts at once, and the final ones as they will be when the observation window has passed. Takes
seconds; a second test waits until the first is out of sight. Needs the site's settings, above all its
DATABASE_URL or PROMO_DATA_DIR. Exit code 1: a verdict is wrong, or the test could not be run.

Options:
  --url URL        where the site answers, with its base if it has one; default: http://HOST:PORT of the settings,
                   and the base of the site that is built in dist
  --wait SECONDS   how long a click may take to reach the database, and a new link to reach the site:
                   1 to ${longestArrival}; default: ${defaultArrival}

Example:
  npm run promo -- selftest --url https://www.example.com`,
  async run(args) {
    const read = readArguments(args, { url: { type: 'string' }, wait: { type: 'string' } })
    if (!read.ok) return read
    const { url, wait: seconds = String(defaultArrival) } = read.value.values
    if (url !== undefined && !(/^https?:\/\/[^/]/.test(url) && URL.canParse(url)))
      return misused(`--url: "${url}" is not a URL such as https://www.example.com`)
    if (!/^[1-9]\d{0,2}$/.test(seconds) || Number(seconds) > longestArrival)
      return misused(`--wait: "${seconds}" is not a whole number of seconds from 1 to ${longestArrival}`)
    const config = loadConfig()
    const site = { config, url: linkAt(url ?? addressOf(config)), arrival: Number(seconds) * 1000 }
    return await withDatabase(config, (database) => selfTest(database, site), { tables: 'require' })
  },
}

/** The link of the test in a site, which may be named without its base. */
function linkAt(site: string): URL {
  const { origin, pathname } = new URL(site)
  const base = pathname === '/' ? (readBuiltSite()?.base ?? '') : pathname.replace(/\/+$/, '')
  return new URL(`${base}/${slug}`, origin)
}

/** Where a site with these settings answers on its own machine. */
function addressOf({ HOST, PORT }: Config): string {
  const host = ['0.0.0.0', '::'].includes(HOST) ? '127.0.0.1' : HOST
  return `http://${host.includes(':') ? `[${host}]` : host}:${PORT}`
}

async function selfTest(database: Database, site: Site): Promise<Outcome> {
  const { config, url } = site
  if (config.PROMO_LINKS === 'strapi')
    return failed(
      'The self-test creates a link in the table, but with PROMO_LINKS=strapi the site looks only into Strapi: ' +
        'run the site and the test with PROMO_LINKS=both',
    )
  const cases = casesOf({
    duplicateSeconds: config.PROMO_DUPLICATE_SECONDS,
    scanner: scannerAddress(config, url),
  })
  if (config.PROMO_FLOOD_PER_MINUTE < cases.length)
    return failed(
      `PROMO_FLOOD_PER_MINUTE is ${config.PROMO_FLOOD_PER_MINUTE}, and the self-test needs ${cases.length} clicks ` +
        'a minute from one address: raise it for the test',
    )
  const provided = await database.run((sql) =>
    provideSelfTest(sql, { slug, destination: `${config.SITE_URL}/`, variations: neededVariations }),
  )
  if (!provided.ok) return databaseFailed(provided.fault)
  const [place] = provided.value
  if (!place) return failed(`The slug "${slug}" belongs to an offer; the self-test needs it for itself`)
  const begun = await begin(place, site)
  if (!begun.ok) return begun
  const sent = await send(cases, place, url)
  if (!sent.ok) return sent
  const clicks = await arrived(database, site, place, sent.value)
  if (!clicks.ok) return clicks
  return await reportSelfTest(database, place, sent.value, clicks.value)
}

/** An address of a mail scanner, where the site runs here and believes what a proxy on this machine says. */
function scannerAddress(
  { PROMO_TRUSTED_PROXIES, PROMO_SCANNER_NETWORKS }: Config,
  url: URL,
): string | undefined {
  const networks = scannerNetworks(PROMO_SCANNER_NETWORKS)
  const believed =
    PROMO_TRUSTED_PROXIES?.check('127.0.0.1') && ['127.0.0.1', 'localhost'].includes(url.hostname)
  return believed && networks.ok ? networks.value[0]?.cidr.split('/')[0] : undefined
}

/** Waits until an earlier self-test is out of sight, and until the site has the link. */
async function begin(place: SelfTestPlace, { config, url, arrival }: Site): Promise<Outcome> {
  const since = Date.now() - (place.clicked_at ?? 0)
  const wait = Math.max(apart, config.PROMO_DUPLICATE_SECONDS + 1) * 1000 - since
  if (wait > longestWait)
    return failed(
      'The last self-test was only moments ago, and its clicks still count within PROMO_DUPLICATE_SECONDS: ' +
        `try again in ${Math.ceil(wait / 1000)} seconds`,
    )
  if (wait > 0) {
    print(
      `waiting ${Math.ceil(wait / 1000)} seconds, until the clicks of the last self-test no longer matter`,
    )
    await sleep(wait)
  }
  const until = Date.now() + arrival
  while (true) {
    const answer = await askSite(url, 'HEAD', {})
    if (!answer.ok)
      return failed(
        `The site does not answer at ${url.origin} (${answer.fault.message}): start it, or say where it is with --url`,
      )
    if (answer.value.status === 307) return ok(undefined)
    if (answer.value.status !== 404)
      return failed(`${url.origin} answers a promo link with status ${answer.value.status}: is it this site?`)
    if (Date.now() > until)
      return failed(
        `The site at ${url.origin} does not know the link ${url.pathname} that was written into ` +
          `${databaseName(config)}: it uses another database or another base, or is another site`,
      )
    await sleep(pollEvery)
  }
}

async function send(cases: Case[], place: SelfTestPlace, url: URL): Promise<Result<Sent[], CommandFault>> {
  const run = randomBytes(4).toString('hex')
  const sent: Sent[] = []
  for (const one of cases) {
    const variationId = place.variations[one.variation] ?? 0
    const referrer = `case-${sent.length}.run-${run}.invalid`
    const target = new URL(`?promo_var=${variationId}`, url)
    const answer = await askSite(target, one.method, { ...one.headers, referer: `https://${referrer}/` })
    if (!answer.ok) return failed(`The site stopped answering at "${one.name}" (${answer.fault.message})`)
    if (answer.value.status !== 307 || answer.value.location === undefined)
      return failed(`"${one.name}" was answered with status ${answer.value.status} instead of a redirect`)
    sent.push({ ...one, referrer, variationId })
  }
  return ok(sent)
}

async function arrived(
  database: Database,
  { config, arrival }: Site,
  place: SelfTestPlace,
  sent: readonly Sent[],
): Promise<Result<SelfTestClick[], CommandFault>> {
  const rules = {
    duplicateSeconds: config.PROMO_DUPLICATE_SECONDS,
    visitorsPerAddress: config.PROMO_VISITORS_PER_ADDRESS,
  }
  const until = Date.now() + arrival
  while (true) {
    const read = await database.run((sql) => judgeSelfTest(sql, place.offer_id, place.clicked_at ?? 0, rules))
    if (!read.ok) return databaseFailed(read.fault)
    const missing = sent.filter((one) => one.expected !== null && !clickOf(one, read.value))
    if (missing.length === 0 || (Date.now() > until && missing.length < sent.length - 1))
      return ok(read.value)
    if (Date.now() > until)
      return failed(
        `The site redirects, but none of the clicks reached ${databaseName(config)} in ${arrival / 1000} seconds: ` +
          `it uses another database, or cannot reach its own (see ${rootOf(readBuiltSite())}/api/v1/promo/health)`,
      )
    await sleep(pollEvery)
  }
}

/** The database without its password. */
function databaseName({ DATABASE_URL, PROMO_DATA_DIR }: Config): string {
  if (DATABASE_URL === undefined) return `the embedded database in ${PROMO_DATA_DIR}`
  const parsed = parseDatabaseUrl(DATABASE_URL)
  if (!parsed.ok) return 'the database in DATABASE_URL'
  return `the database ${parsed.value.hosts.map(({ host }) => host).join(', ')}/${parsed.value.database}`
}
