import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import type { Strategy } from '../../src/lib/selection/arm.ts'
import { calibrate, declaresFalsely, intervalsOf, type Tally } from './calibrate.ts'
import type { Setting } from './newsletter-world.ts'
import { simulate } from './simulate.ts'

/** A year of one newsletter: its shares in per cent, and how right the statistics were at its end. */
export type Year = { share: number; ofBound: number; intervals: Tally; best: Tally }

export type Job =
  | { kind: 'year'; setting: Setting; strategy: Strategy; seed: number }
  | { kind: 'intervals'; count: number; sigma: number; seed: number }
  | { kind: 'equals'; sigma: number; seed: number }

export function runYear({ setting, strategy, seed }: Extract<Job, { kind: 'year' }>): Year {
  const { share, ofBound, sends, variations } = simulate(setting, strategy, seed)
  const { intervals, best } = calibrate(sends, variations, setting.days)
  return { share: share * 100, ofBound: ofBound * 100, intervals, best }
}

const none: Tally = { held: 0, all: 0 }

function run(job: Job): Year {
  if (job.kind === 'year') return runYear(job)
  const tally =
    job.kind === 'intervals'
      ? intervalsOf(job.count, job.sigma, job.seed)
      : { held: Number(declaresFalsely(job.sigma, job.seed)), all: 1 }
  return { share: 0, ofBound: 0, intervals: tally, best: none }
}

/** Runs all jobs, as many at a time as the machine has processors. Answers are in the order of the jobs. */
export async function runAll(jobs: readonly Job[]): Promise<Year[]> {
  const results: Year[] = []
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
      worker.on('message', (result: Year) => {
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
