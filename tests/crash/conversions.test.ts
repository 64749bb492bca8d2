import { setTimeout as sleep } from 'node:timers/promises'
import type { SiteProcess } from '../support/site.ts'
import { waitUntil } from '../support/wait.ts'
import { outageTest, untilDrained } from './fixture.ts'
import { allowPostbacks, createLedger, expectSalesExactlyOnce, type Kind, type Ledger } from './ledger.ts'
import { seededRandom } from './seeded-random.ts'

const random = seededRandom()
const kinds: readonly Kind[] = ['sale', 'postback']

outageTest(
  'conversions that were answered are there once, also where the database was away',
  async ({ server, database, start }) => {
    const ledger = createLedger()
    await allowPostbacks(database.sql, ledger)
    await killUnderLoad(await start(), ledger)
    await killUnderLoad(await start(), ledger, () => server.stop())
    await server.start()
    await untilDrained(await start())
    await expectSalesExactlyOnce(database.sql, ledger)
  },
)

/** The kill comes when each kind got answers, also since `meanwhile`. */
async function killUnderLoad(
  { url, kill }: SiteProcess,
  ledger: Ledger,
  meanwhile: () => Promise<void> = async () => {},
): Promise<void> {
  const load = new AbortController()
  const answered = new Map<Kind, number>()
  const runs = kinds.map((kind) =>
    ledger.load(kind, {
      ...{ url, connections: 4, signal: load.signal, pause: 40 },
      onAnswer: () => answered.set(kind, (answered.get(kind) ?? 0) + 1),
    }),
  )
  const untilAnswered = (more: number) => {
    const before = new Map(answered)
    return waitUntil(
      () => kinds.every((kind) => (answered.get(kind) ?? 0) >= (before.get(kind) ?? 0) + more),
      1,
    )
  }
  await untilAnswered(1)
  await meanwhile()
  // Those that were sent before and those after: of four connections each.
  await untilAnswered(5)
  await sleep(random() * 50)
  await kill()
  load.abort()
  await Promise.all(runs)
}
