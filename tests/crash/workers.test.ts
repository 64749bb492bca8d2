import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { isAlive } from '../../src/lib/processes/process-mark.ts'
import { ask } from '../pages/running-site.ts'
import { collection, startFakeStrapi } from '../support/fake-strapi.ts'
import { runLoad } from '../support/load.ts'
import { atThisPace } from '../support/pace.ts'
import type { SiteProcess } from '../support/site.ts'
import { steadyPort } from '../support/steady-port.ts'
import { waitFor } from '../support/wait.ts'
import { test } from './fixture.ts'
import { createLedger, expectExactlyOnce } from './ledger.ts'
import { pidsOf, segmentsIn, untilAnswered, untilWorkers, visits } from './workers-fixture.ts'

test('workers are replaced one by one under load without a refused or failed request, then stopped', async ({
  database,
  dataDir,
  start,
}) => {
  const site = await start({ PROMO_WORKERS: '2' })
  const former = await untilWorkers(site, 2)
  const ledger = createLedger()
  const over = new AbortController()
  const load = visits(site, ledger, over.signal)
  await untilAnswered(ledger, 100)
  site.process.kill('SIGUSR2')
  await waitFor(() => expect(site.log.join()).toContain('all workers have been replaced'))
  expect(former.filter(isAlive)).toEqual([])
  const now = pidsOf(site).filter(isAlive)
  expect(now).toHaveLength(2)
  await untilAnswered(ledger, ledger.answered.size + 100)
  over.abort()
  expect(await load).toMatchObject({ failures: 0, statuses: { 307: ledger.answered.size } })

  const before = performance.now()
  expect(await site.stop()).toBe(0)
  expect(performance.now() - before).toBeLessThan(30_000)
  expect(now.filter(isAlive)).toEqual([])
  expect(segmentsIn(dataDir)).toEqual([])
  expect(site.log.join()).not.toContain('a worker died')
  await expectExactlyOnce(database.sql, ledger)
})

/** So many visitors at once, each over a connection of its own; `answered` is called with how many have an answer. */
const visitors = ({ url }: SiteProcess, count: number, answered: (count: number) => void = () => {}) => {
  let answers = 0
  return runLoad({
    url,
    connections: count,
    requests: count,
    request: () => 'GET /nocodemba HTTP/1.1\r\nhost: localhost\r\n\r\n',
    onAnswer() {
      answers += 1
      answered(answers)
    },
  })
}

test('connections that were handed to killed workers but not accepted go to others, or are closed', async ({
  start,
}) => {
  // A port of its own would be another one once no worker is left.
  const site = await start({ PROMO_WORKERS: '2', PORT: String(await steadyPort()) })
  const [, second = 0] = await untilWorkers(site, 2)
  process.kill(second, 'SIGSTOP')
  const { promise: handed, resolve } = Promise.withResolvers<void>()
  // One of them waits for the worker that does not take it.
  const load = visitors(site, 8, (answers) => answers === 7 && resolve())
  await handed
  process.kill(second, 'SIGKILL')
  expect(await load).toMatchObject({ answered: 8, failures: 0 })

  await untilWorkers(site, 3)
  const workers = pidsOf(site).filter(isAlive)
  expect(workers).toHaveLength(2)
  for (const worker of workers) process.kill(worker, 'SIGSTOP')
  const before = performance.now()
  const left = visitors(site, 2)
  await sleep(200)
  for (const worker of workers) process.kill(worker, 'SIGKILL')
  await left
  // Nobody can take them; they would wait for twenty seconds.
  expect(performance.now() - before).toBeLessThan(18_000)
  await untilWorkers(site, 5)
  expect(await visitors(site, 4)).toMatchObject({ answered: 4, failures: 0 })
})

/** Where a link leads, over a connection of its own: workers take turns at these. */
const locationOf = (url: string): Promise<string | undefined> =>
  new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => resolve(response.resume().headers.location)).on('error', reject)
  })

test('a change in Strapi reaches all workers within a second of its webhook', async ({ start }) => {
  const entry = {
    id: 1,
    documentId: 'l1',
    slug: 'desk',
    destination_url: 'https://one.example/',
    active: true,
  }
  const strapi = await startFakeStrapi(collection(() => [entry]))
  const secret = 'a-secret-of-the-webhook'
  const site = await start({
    ...{ PROMO_WORKERS: '2', PROMO_LINKS: 'strapi' },
    ...{ PROMO_STRAPI_URL: strapi.url, PROMO_STRAPI_WEBHOOK_SECRET: secret },
  })
  await untilWorkers(site, 2)
  const leads = async () => {
    const locations = []
    for (let count = 0; count < 6; count += 1) locations.push(await locationOf(`${site.url}/desk`))
    return [...new Set(locations)]
  }
  expect(await leads()).toEqual(['https://one.example/'])
  const times: number[] = []
  for (const word of ['two', 'three', 'four']) {
    const destination_url = `https://${word}.example/`
    entry.destination_url = destination_url
    const begun = performance.now()
    const headers = { authorization: `Bearer ${secret}` }
    const told = await ask(site, '/api/v1/promo/links/changed', { method: 'POST', headers })
    expect(told.status).toBe(204)
    await expect.poll(leads, { interval: 20 }).toEqual([destination_url])
    times.push(performance.now() - begun)
  }
  // Without the webhook each takes eight seconds but the first, which may come at any time of these.
  expect(times.toSorted((one, other) => one - other)[1]).toBeLessThan(atThisPace(5_000))
})
