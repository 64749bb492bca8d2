import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { type Contest, contest, type Told } from './equals.ts'
import { type KindsAsked, type KindsFound, kinds } from './kinds.ts'
import { type SmallAsked, type SmallFound, small } from './small.ts'
import type { Way } from './ways.ts'
import type { World } from './worlds.ts'
import { type Year, year } from './year.ts'

export type Job =
  | { kind: 'year'; asked: { world: World; way: Way }; seed: number }
  | { kind: 'contest'; asked: Contest; seed: number }
  | { kind: 'kinds'; asked: KindsAsked; seed: number }
  | { kind: 'small'; asked: SmallAsked; seed: number }

type Outcomes = { year: Year; contest: Told; kinds: KindsFound; small: SmallFound }
type JobOf<Kind extends Job['kind']> = Extract<Job, { kind: Kind }>

function run(job: Job): Outcomes[Job['kind']] {
  switch (job.kind) {
    case 'year':
      return year(job.asked, job.seed)
    case 'contest':
      return contest(job.asked, job.seed)
    case 'kinds':
      return kinds(job.asked, job.seed)
    case 'small':
      return small(job.asked, job.seed)
  }
}

/** Runs each question with each seed, as many at a time as the machine has processors; answers by question. */
export async function runEach<Kind extends Job['kind']>(
  kind: Kind,
  asked: readonly JobOf<Kind>['asked'][],
  seeds: readonly number[],
): Promise<Outcomes[Kind][][]> {
  const jobs = asked.flatMap((one, place) =>
    seeds.map((seed) => ({ place, job: { kind, asked: one, seed } })),
  )
  const results: Outcomes[Kind][][] = asked.map(() => [])
  let next = 0
  const work = (worker: Worker) =>
    new Promise<void>((resolve, reject) => {
      let place = 0
      const give = () => {
        const job = jobs[next]
        next += 1
        if (!job) return resolve(worker.terminate().then(() => {}))
        place = job.place
        worker.postMessage(job.job)
      }
      worker.on('message', (result: Outcomes[Kind]) => {
        results[place]?.push(result)
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
