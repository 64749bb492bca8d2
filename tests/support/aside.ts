import { once } from 'node:events'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterAll } from 'vitest'

const program = `
const { parentPort, workerData } = require('node:worker_threads')
const loaded = import(workerData)
parentPort.on('message', async ({ name, given }) => {
  parentPort.postMessage(await (await loaded)[name](...given))
})
`

type Given<Work> = Work extends (...given: infer All) => unknown ? All : never
type Answer<Work> = Work extends (...given: never[]) => infer Value ? Awaited<Value> : never

/**
 * Calls the functions of a module, whose path is from the root of the project, in a thread of its own until the
 * tests of the file have ended: what only computes takes half the time where nobody looks which lines it
 * reaches. One call at a time; arguments and answers are copied.
 */
export function openAside<Module>(path: string) {
  const worker = new Worker(program, { eval: true, workerData: pathToFileURL(resolve(path)).href })
  worker.unref()
  afterAll(() => worker.terminate())
  return async <Name extends keyof Module & string>(
    name: Name,
    ...given: Given<Module[Name]>
  ): Promise<Answer<Module[Name]>> => {
    const answered = once(worker, 'message')
    worker.postMessage({ name, given })
    const [value] = await answered
    return value
  }
}
