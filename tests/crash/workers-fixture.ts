import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { SiteProcess } from '../support/site.ts'
import { waitFor } from '../support/wait.ts'
import type { Ledger } from './ledger.ts'

/** Each connection asks again and again, with a pause, over a new connection where the site ends one. */
export const visits = ({ url }: SiteProcess, ledger: Ledger, signal: AbortSignal) =>
  ledger.load('visit', { url, connections: 8, signal, pause: 5 })

export const untilAnswered = (ledger: Ledger, count: number): Promise<void> =>
  waitFor(() => expect(ledger.answered.size).toBeGreaterThan(count))

/** The processes that have listened so far, in that order. */
export const pidsOf = ({ log }: SiteProcess): number[] =>
  log.flatMap((line) => {
    const pid = /"pid":(\d+).*"listening"/.exec(line)?.[1]
    return pid === undefined ? [] : [Number(pid)]
  })

export const untilWorkers = (site: SiteProcess, count: number): Promise<number[]> =>
  waitFor(() => {
    const pids = pidsOf(site)
    expect(pids.length).toBeGreaterThanOrEqual(count)
    return pids.slice(-2)
  })

export const segmentsIn = (dataDir: string): string[] =>
  readdirSync(join(dataDir, 'journal')).filter((name) => name.endsWith('.journal'))

/** An instance looks every ten seconds for what others have left. */
export const untilNothingIsLeft = (dataDir: string): Promise<void> =>
  waitFor(() => expect(segmentsIn(dataDir)).toEqual([]), 200)
