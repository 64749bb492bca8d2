import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import postgres from 'postgres'
import * as v from 'valibot'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findDrift } from '../support/database.ts'
import { processEnvironment } from '../support/environment.ts'
import { steadyPort } from '../support/steady-port.ts'

type Demo = { process: ChildProcess; printed: string }

let folder = ''
let port = 0
const running: ChildProcess[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'promo-demo-'))
  chmodSync(folder, 0o711)
  // The settings of a real site, which must not count here.
  writeFileSync(
    join(folder, '.env'),
    ['DATABASE_URL', 'PROMO_DATABASE_URL']
      .map((name) => `${name}=postgres://real.example/real`)
      .concat('SITE_URL=https://real.example', 'PROMO_SITE_URL=https://real.example', 'PROMO_DATA_DIR=real')
      .join('\n'),
  )
  port = await steadyPort()
})

afterAll(async () => {
  for (const child of running.filter(({ exitCode }) => exitCode === null)) {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  rmSync(folder, { recursive: true, force: true })
})

const spawnDemo = (path = process.env.PATH) =>
  spawn(process.execPath, [resolve('src/cli/demo.ts')], {
    cwd: folder,
    env: { ...processEnvironment, PATH: path, PORT: String(port) },
  })

/** Resolves when the list of addresses is complete. */
async function startDemo(path?: string): Promise<Demo> {
  const child = spawnDemo(path)
  running.push(child)
  const lines: string[] = []
  return await new Promise((ready, reject) => {
    child.once('exit', (code) => reject(new Error(`the demo ended with ${code}:\n${lines.join('\n')}`)))
    child.stderr.on('data', (data) => lines.push(String(data)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line)
      if (line.startsWith('Stop with Ctrl+C')) ready({ process: child, printed: lines.join('\n') })
    })
  })
}

async function stopDemo({ process: child }: Demo): Promise<number | null> {
  child.kill('SIGINT')
  await once(child, 'exit')
  return child.exitCode
}

const printedAfter = (demo: Demo, name: string): string =>
  new RegExp(`^  ${name} +(.*)$`, 'm').exec(demo.printed)?.[1] ?? ''

/** The sample's readers have other browsers. */
const browser = 'Mozilla/5.0 (X11; Linux x86_64) of the test'

/** What is in the demo's database. The next start removes old visitor hashes, so only the first shows no drift. */
async function counted(demo: Demo, { whole = false } = {}) {
  const url = /^psql "(.*)"$/.exec(printedAfter(demo, 'Database'))?.[1] ?? ''
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    const [row] = await sql<{ clicks: number; sends: number; offers: number }[]>`
      select
        (select count(*)::integer from promo_click_tracking where user_agent = ${browser}) as clicks,
        (select count(*)::integer from promo_impression_tracking) as sends,
        (select count(*)::integer from promo_offers) as offers
    `
    if (whole) expect(await findDrift(sql)).toEqual([])
    return row
  } finally {
    await sql.end()
  }
}

/** Opens the newsletter and clicks its promo. */
async function clickPromo(demo: Demo): Promise<string> {
  const page = await fetch(printedAfter(demo, 'Sample newsletter'))
  expect(page.status).toBe(200)
  const newsletter = await page.text()
  const link = /href="(http[^"]*promo_var=\d+[^"]*)"/.exec(newsletter)?.[1]?.replaceAll('&amp;', '&') ?? ''
  expect(link).toBe(printedAfter(demo, 'Its promo link'))
  const answer = await fetch(link, {
    redirect: 'manual',
    headers: { 'user-agent': browser },
  })
  expect(answer.status).toBe(307)
  expect(answer.headers.get('location')).toMatch(/^https:\/\/(www\.)?example\.(com|org|net)\//)
  return newsletter
}

/** The calls of the API that the guide shows, as `curl` would make them on this demo. */
function guideCalls(token: string) {
  const guide = readFileSync('src/sample-site/pages/docs/endpoints.md', 'utf8')
  return [...guide.matchAll(/^curl ((?:.*\\\n)*.*)/gm)].map(([, command = '']) => {
    const path = /http:\/\/127\.0\.0\.1:4321(\/[^\s']*)/.exec(command)?.[1] ?? ''
    const body = /-d '(.*)'/.exec(command)?.[1]
    const headers: [string, string][] = [...command.matchAll(/-H ['"]([^:]+): ([^'"]+)/g)].map(
      ([, name = '', value = '']) => [name, value.replace('$TOKEN', token)],
    )
    const request = { headers, method: /-X (\w+)/.exec(command)?.[1] ?? 'GET', ...(body && { body }) }
    return { path, answer: () => fetch(`http://127.0.0.1:${port}${path}`, request) }
  })
}

/** What the guide's example of a report must not get wrong: ids, and the texts that belong to them. */
const reportSchema = v.object({
  offers: v.array(v.object({ offer_id: v.number(), offer_name: v.string() })),
  variations: v.array(v.object({ variation_id: v.number(), offer_id: v.number(), text_preview: v.string() })),
})

async function expectGuideCalls(): Promise<void> {
  const guide = readFileSync('src/sample-site/pages/docs/endpoints.md', 'utf8')
  const command = [resolve('src/cli/promo.ts'), 'token']
  const settings = { cwd: folder, env: { PATH: process.env.PATH, PROMO_DATA_DIR: '.demo' } }
  const token = execFileSync(process.execPath, command, {
    ...settings,
    encoding: 'utf8',
    stdio: 'pipe',
  }).trim()
  const calls = guideCalls(token)
  expect(calls).toHaveLength(9)
  for (const { path, answer } of calls) {
    const response = await answer()
    const [status, body] = [response.status, await response.text()]
    expect([path, status, body]).toEqual([path, expect.toBeOneOf([200, 204]), expect.anything()])
    if (!path.includes('/analytics')) continue
    const { offers, variations } = v.parse(reportSchema, JSON.parse(body))
    const [offer] = offers
    expect(guide).toContain(`"offer_id": ${offer?.offer_id}, "offer_name": "${offer?.offer_name}"`)
    expect(
      variations.filter(({ variation_id, offer_id, text_preview }) =>
        guide.includes(
          `"variation_id": ${variation_id}, "offer_id": ${offer_id}, "text_preview": "${text_preview}"`,
        ),
      ),
    ).toHaveLength(1)
  }
}

test('the demo shows a newsletter whose promo leads on and is counted, twice with the same data', async () => {
  const first = await startDemo()
  expect(first.printed).toContain('recorded 90 sample sends')
  expect(first.printed).toContain(`http://localhost:${port}/sample-newsletter.html`)
  expect(first.printed).not.toContain('"level"')
  expect((await fetch(printedAfter(first, 'Health'))).status).toBe(200)
  await clickPromo(first)
  await expect.poll(async () => (await counted(first))?.clicks).toBe(1)
  expect(await counted(first, { whole: true })).toEqual({ clicks: 1, sends: 91, offers: 6 })
  await expectGuideCalls()

  const second = spawnDemo()
  const [complaint, told] = await Promise.all([
    text(second.stderr),
    text(second.stdout),
    once(second, 'exit'),
  ])
  expect(second.exitCode).toBe(1)
  expect(told).not.toContain('"level"')
  expect(complaint).toMatch(new RegExp(`cannot listen on 127.0.0.1:${port}.*Set PORT`))
  expect(await stopDemo(first)).toBe(0)

  // Without Python on the path a plain page takes the newsletter's place.
  const again = await startDemo(join(folder, 'no-programs'))
  expect(again.printed).not.toContain('recorded 90 sample sends')
  expect(await clickPromo(again)).toContain('A sample issue')
  await expect.poll(async () => (await counted(again))?.clicks).toBe(2)
  expect(await counted(again)).toEqual({ clicks: 2, sends: 92, offers: 6 })
  expect(await stopDemo(again)).toBe(0)
})
