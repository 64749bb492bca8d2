import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { createTestDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { makeDataDir, removeDataDir, type SiteProcess } from '../support/site.ts'
import { steadyPort } from '../support/steady-port.ts'
import { run } from './commands.ts'
import { prepareFolder, readOutput } from './folder.ts'
import { hasEnded, startHost } from './process.ts'
import { addAdapter, build, check, noSteps, putIn, type Steps } from './put-in.ts'
import { type Recorded, record } from './record.ts'
import { always, type HostSite } from './sites.ts'

/** A site without us and with us, which runs on a database with promos. */
export type OpenSite = {
  folder: string
  before: { answers: Recorded; output: Record<string, string>; checked: string }
  after: { answers: Recorded; output: Record<string, string>; checked: string }
  steps: Steps
  /** What the package's command line is called with. */
  promo: string
  settings: Record<string, string>
  database: TestDatabase
  /** The running site; its address ends with the path below which it lies. */
  running: SiteProcess
  port: number
  /** Starts it again on the same port, database and data, by its own program or another. */
  restart: (program?: string) => Promise<SiteProcess>
  close: () => Promise<void>
}

export async function openSite(site: HostSite, tarball: string): Promise<OpenSite> {
  const folder = await prepareFolder(site)
  await build(folder)
  const output = readOutput(folder, site)
  const steps = noSteps()
  if (!site.rendered) {
    await addAdapter(folder, steps)
    await build(folder)
  }
  const answers = await recordBare(site, folder)
  const checked = await check(site, folder)
  await putIn(site, folder, tarball, steps)
  return runSite(site, { folder, steps, promo: 'npx promo', before: { answers, output, checked } })
}

/** What a built site answers without us. */
export async function recordBare(site: HostSite, folder: string): Promise<Recorded> {
  const bare = await startHost(folder, site.program, await steadyPort())
  const answers = await record(bare, [...site.requests, ...always])
  await bare.stop()
  return answers
}

/** Starts a site that has the package and is built, on a database with promos and with links named like its pages. */
export async function runSite(
  site: HostSite,
  built: Pick<OpenSite, 'folder' | 'steps' | 'promo' | 'before'>,
): Promise<OpenSite> {
  const { folder } = built
  const port = await steadyPort()
  const database = await createTestDatabase()
  await insertPromos(database.sql)
  for (const word of site.words)
    await database.sql`insert into affiliate_links (slug, destination_url) values (${word}, 'https://hidden.example/')`
  const dataDir = makeDataDir()
  const settings = {
    DATABASE_URL: database.url,
    PROMO_DATA_DIR: dataDir,
    SITE_URL: `http://127.0.0.1:${port}`,
    PROMO_FLOOD_PER_MINUTE: '1000000000',
  }
  const start = async (program: string) => {
    const started = await startHost(folder, program, port, settings)
    return { ...started, url: started.url + site.base }
  }
  const end = async () => {
    await database.drop()
    removeDataDir(dataDir)
  }
  const running = await start(site.program).catch(async (error: unknown) => {
    await end()
    throw error
  })
  const answers = await record({ ...running, url: new URL(running.url).origin }, [
    ...site.requests,
    ...always,
  ])
  const opened: OpenSite = {
    ...built,
    ...{ port, settings, database, running },
    after: { answers, output: readOutput(folder, site), checked: await check(site, folder) },
    async restart(program = site.program) {
      if (!hasEnded(opened.running.process)) await opened.running.kill()
      opened.running = await start(program)
      return opened.running
    },
    async close() {
      if (!hasEnded(opened.running.process)) await opened.running.kill()
      await end()
    },
  }
  return opened
}

/** The package as `npm run package` has packed it. */
export async function findTarball(): Promise<string> {
  const given = process.env.PROMO_PACKAGE
  if (given && existsSync(given)) return resolve(given)
  const printed = await run(resolve('.'), 'npm run --silent package')
  const [path] = /\S+\.tgz/.exec(printed) ?? []
  if (path === undefined) throw new Error(`npm run package names no file:\n${printed}`)
  return resolve(path)
}
