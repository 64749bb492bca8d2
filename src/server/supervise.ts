import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../lib/base/log.ts'
import { messageOf } from '../lib/base/result.ts'
import type { MetricCounts } from '../lib/operations/metrics.ts'
import { handOnWhenKilled } from './hand-on.ts'
import { stopSignals, surviveErrors } from './process-events.ts'
import { readWorkerMessage, type WorkerMessage } from './worker-messages.ts'

/** The place of one worker: another comes when its worker has died, or is to be replaced. */
type Place = { number: number; worker: Worker | undefined; earlyDeaths: number }

/** A process that lives for less than this, in milliseconds, counts as having died at once. */
const early = 30_000
const longestPause = 30_000
/** As long as a start may take that brings the database to this version. */
const startWait = 180_000
/** A worker ends by itself within ten seconds; all of them have to. */
const stopWait = 9_700
/** How long the others have to say what they count. */
const countsWait = 1_000

/** Milliseconds before a worker is restarted that has died at once this many times. */
export const pauseAfter = (deaths: number): number => Math.min(longestPause, 100 * 2 ** deaths)

/**
 * Runs several processes of this program that serve one port. One that dies is restarted; SIGUSR2 replaces them one
 * by one, each when the next one listens; SIGTERM, SIGINT and SIGHUP stop them all. Where the first cannot start for a
 * reason that a person must fix, which it has reported, the process ends with its code.
 */
export function superviseWorkers(count: number, log: Log): void {
  const places = Array.from({ length: count }, (_, index): Place => {
    return { number: index + 1, worker: undefined, earlyDeaths: 0 }
  })
  const listening = new Set<Worker>()
  let listened = false
  let stopping = false

  const fork = (place: Place): Worker => {
    const worker = cluster.fork({ PROMO_WORKER: String(place.number) })
    const started = performance.now()
    handOnWhenKilled(worker, () => [...listening].some((other) => other !== worker && other.isConnected()))
    worker.once('listening', () => listening.add(worker)).once('disconnect', () => listening.delete(worker))
    const ended = (code: number | undefined, signal: string | undefined) => {
      if (stopping || place.worker !== worker) return
      if (!listened && code === 1) process.exit(code)
      place.worker = undefined
      place.earlyDeaths = performance.now() - started < early ? place.earlyDeaths + 1 : 0
      const pause = pauseAfter(place.earlyDeaths)
      log.error({ worker: place.number, code, signal, pause }, 'a worker died and is being restarted')
      void sleep(pause).then(() => {
        if (!stopping) place.worker ??= fork(place)
      })
    }
    worker.on('exit', ended).on('error', (error) => {
      log.error({ worker: place.number, reason: messageOf(error) }, 'a worker cannot be reached')
      if (worker.process.pid === undefined) ended(undefined, undefined)
    })
    return worker
  }

  const replaceAll = async (): Promise<void> => {
    for (const place of places) {
      if (stopping) return
      const next = fork(place)
      if (!(await listens(next))) {
        log.error({ worker: place.number }, 'a new worker does not start; the former ones keep running')
        return
      }
      const former = place.worker
      place.worker = next
      if (former) await end(former)
    }
    log.info('all workers have been replaced')
  }

  const stop = async (): Promise<void> => {
    stopping = true
    await Promise.all(Object.values(cluster.workers ?? {}).map((worker) => worker && end(worker)))
    process.exit(0)
  }

  cluster.once('listening', () => {
    listened = true
    for (const place of places) place.worker ??= fork(place)
  })
  shareCounts(() => places.flatMap(({ worker }) => (worker?.isConnected() ? [worker] : [])))
  surviveErrors(log)
  for (const signal of stopSignals) {
    process.on(signal, () => {
      log.info({ signal }, 'stopping all workers')
      if (!stopping) void stop()
    })
  }
  let replacing = Promise.resolve()
  process.on('SIGUSR2', () => {
    log.info('replacing all workers, one by one')
    replacing = replacing.then(replaceAll)
  })

  const [first] = places
  if (first) first.worker = fork(first)
}

/** Whether the worker serves requests before it ends. */
async function listens(worker: Worker): Promise<boolean> {
  const over = new AbortController()
  const { signal } = over
  const first = await Promise.race([
    once(worker, 'listening', { signal }).then(() => true),
    once(worker, 'exit', { signal }).then(() => false),
    sleep(startWait, false, { signal }),
  ]).catch(() => false)
  over.abort()
  if (!first) worker.process.kill('SIGKILL')
  return first
}

/** Asks a worker to stop, and sees to it that it does. */
async function end(worker: Worker): Promise<void> {
  if (worker.isDead()) return
  const exited = once(worker, 'exit')
  const late = setTimeout(() => worker.process.kill('SIGKILL'), stopWait)
  worker.process.kill('SIGTERM')
  await exited
  clearTimeout(late)
}

/** Answers a worker that asks what all count. */
function shareCounts(workers: () => Worker[]): void {
  let questions = 0
  const answers = new Map<number, (counts: MetricCounts) => void>()
  const send = (worker: Worker, message: WorkerMessage): void => void worker.send(message, () => {})

  const gather = async (): Promise<MetricCounts[]> => {
    questions += 1
    const question = questions
    const asked = workers()
    const all: MetricCounts[] = []
    const complete = new Promise<void>((resolve) =>
      answers.set(question, (counts) => {
        all.push(counts)
        if (all.length === asked.length) resolve()
      }),
    )
    for (const worker of asked) send(worker, { promo: 'tell', question })
    await Promise.race([complete, sleep(countsWait)])
    answers.delete(question)
    return all
  }

  cluster.on('message', (worker, received: unknown) => {
    const message = readWorkerMessage(received)
    if (message?.promo === 'told') answers.get(message.question)?.(message.counts)
    if (message?.promo === 'ask') {
      const { question } = message
      void gather().then((all) => send(worker, { promo: 'all', question, all }))
    }
  })
}
