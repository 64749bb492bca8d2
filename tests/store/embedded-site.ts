/** A site that has nothing but the embedded database: a process for the tests to kill. */
import { createLog } from '../../src/lib/base/log.ts'
import { openEmbedded } from '../../src/lib/database/embedded/start.ts'

const [dataDir = '', sharedDir = ''] = process.argv.slice(2)
const started = await openEmbedded({ dataDir, sharedDir, log: createLog('silent') })
process.on('message', async () => {
  if (started.ok) await started.value.stop()
  process.disconnect()
})
process.send?.(
  started.ok ? { url: started.value.url, startedHere: started.value.startedHere } : started.fault,
)
