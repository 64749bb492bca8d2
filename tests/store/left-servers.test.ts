import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import postgres from 'postgres'
import { expect, inject, onTestFinished, test } from 'vitest'
import { runningServer } from '../../src/lib/database/embedded/server.ts'
import { processMark } from '../../src/lib/processes/process-mark.ts'
import { removeLeftServers, startTestServer } from '../support/postgres-server.ts'

const starter = `
  const { startTestServer } = await import('./tests/support/postgres-server.ts')
  console.log((await startTestServer()).cluster)
  process.stdin.resume().once('end', () => process.exit())
`

test('a server whose starter was killed is ended and deleted, no other', async () => {
  const own = await startTestServer()
  onTestFinished(() => own.remove())
  const child = spawn(process.execPath, ['--input-type=module', '-e', starter], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [cluster] = await once(createInterface(child.stdout), 'line')
  removeLeftServers()
  const pid = runningServer(cluster)?.pid ?? expect.fail('no server')
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(processMark(pid)).toBeDefined()

  removeLeftServers()
  await expect.poll(() => processMark(pid)).toBeUndefined()
  expect(existsSync(dirname(cluster))).toBe(false)
  for (const url of [own.url, inject('serverUrl')]) {
    const sql = postgres(url, { max: 1 })
    expect([...(await sql`select 1 as one`)]).toEqual([{ one: 1 }])
    await sql.end()
  }
})
