import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import type { Strategy } from '../../src/lib/model/selection.ts'
import { brokenLimits, type Contest, calibrate, intervalsOf, type Tally, winnerOf } from './calibrate.ts'
import type { Market } from './earning-world.ts'
import type { Setting } from './newsletter-world.ts'
import { simulate } from './simulate.ts'
import { type Method, simulateEarnings } from './simulate-earnings.ts'

/** A year of one newsletter: its shares in per cent, and how right the statistics were at its end. */
export type Year = {
  share: number
  ofBound: number
  intervals: Tally
  best: Tally
  /** How often a limit on repetition was broken. */
  broken: number
}

export type Job =
  | { kind: 'year'; setting: Setting; strategy: Strategy; seed: number }
  | { kind: 'intervals'; count: number; sigma: number; seed: number }
  | { kind: 'contest'; contest: Contest; seed: number }
  | { kind: 'earnings'; setting: Setting; market: Market; method: Method; seed: number }

type Outcomes = { year: Year; intervals: Tally; contest: ReturnType<typeof winnerOf>; earnings: number }
type JobOf<Kind extends Job['kind']> = Extract<Job, { kind: Kind }>

function runYear({ setting, strategy, seed }: JobOf<'year'>): Year {
  const { share, ofBound, sends, variations } = simulate(setting, strategy, seed)
  const { intervals, best } = calibrate(sends, variations, setting.days)
  return { share: share * 100, ofBound: ofBound * 100, intervals, best, broken: brokenLimits(sends).length }
}

function run(job: Job): Outcomes[Job['kind']] {
  switch (job.kind) {
    case 'year':
      return runYear(job)
    case 'intervals':
      return intervalsOf(job.count, job.sigma, job.seed)
    case 'contest':
      return winnerOf(job.contest, job.seed)
    case 'earnings':
      return 100 * simulateEarnings(job.setting, job.market, job.method, job.seed)
  }
}

/** Runs all jobs, as many at a time as the machine has processors. Answers are in the order of the jobs. */
export async function runAll<Kind extends Job['kind']>(
  jobs: readonly JobOf<Kind>[],
): Promise<Outcomes[Kind][]> {
  const results: Outcomes[Kind][] = []
  let next = 0
  const work = (worker: Worker) =>
    new Promise<void>((resolve, reject) => {
      let current = 0
      const give = () => {
        const job = jobs[next]
        current = next
        next += 1
        if (job) worker.postMessage(job)
        else resolve(worker.terminate().then(() => {}))
      }
      worker.on('message', (result: Outcomes[Kind]) => {
        results[current] = result
        give()
      })
      worker.on('error', reject)
      give()
    })
  const count = Math.min(availableParallelism(), jobs.length)
  await Promise.all(Array.from({ length: count }, () => work(new Worker(new URL(import.meta.url)))))
  return results
}

if (!isMainThread) parentPort?.on('message', (job: Job) => parentPort?.postMessage(run(job)))
