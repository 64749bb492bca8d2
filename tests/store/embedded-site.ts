/** A site that has nothing but the embedded database: a process for the tests to kill. */
import { openLog } from '../../src/lib/base/log.ts'
import { startEmbedded } from '../../src/lib/database/embedded/start.ts'

const [dataDir = '', sharedDir = ''] = process.argv.slice(2)
const started = await startEmbedded({ dataDir, sharedDir, log: openLog('silent') })
process.on('message', async () => {
  if (started.ok) await started.value.stop()
  process.disconnect()
})
process.send?.(
  started.ok ? { url: started.value.url, startedHere: started.value.startedHere } : started.fault,
)
