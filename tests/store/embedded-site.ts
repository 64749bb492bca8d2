/** A site that has nothing but the embedded database: a process for the tests to kill. */
import { createLog } from '../../src/lib/base/log.ts'
import { endEmbedded, openEmbedded } from '../../src/lib/database/embedded/start.ts'

const [dataDir = '', sharedDir = ''] = process.argv.slice(2)
const starting = openEmbedded({ dataDir, sharedDir, log: createLog('silent') })
process.on('message', async (message) => {
  if (message === 'end') {
    process.once('exit', () => endEmbedded(dataDir, sharedDir))
    process.exit()
  }
  const started = await starting
  if (started.ok) await started.value.stop()
  process.disconnect()
})
const started = await starting
process.send?.(
  started.ok ? { url: started.value.url, startedHere: started.value.startedHere } : started.fault,
)
