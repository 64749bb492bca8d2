/**
 * Loaded before a program (`--import`): on SIGUSR2 it collects all garbage and writes what is left, in bytes,
 * as a line.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

process.on('SIGUSR2', () => {
  collect()
  collect()
  const { rss, heapUsed, external } = process.memoryUsage()
  console.log(`memory ${JSON.stringify({ rss, heap: heapUsed + external })}`)
})
