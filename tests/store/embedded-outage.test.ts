import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startTestServer } from '../support/postgres-server.ts'
import { answers, withClient } from './embedded-fixture.ts'

const HANGING_MS = 300

test.for([15, 18] as const)('the test server of version %i goes and comes back', async (version) => {
  const server = await startTestServer({ version })
  try {
    const about = await withClient(
      server.url,
      (sql) => sql`select current_setting('server_version') as version`,
    )
    expect(about[0]?.version).toMatch(new RegExp(`^${version}\\.`))
    await server.stop()
    expect(await answers(server.url)).toBe(false)
    await server.start()
    expect(await answers(server.url)).toBe(true)
    await server.kill()
    expect(await answers(server.url)).toBe(false)
    await server.start()

    server.pause()
    const answer = answers(server.url)
    expect(await Promise.race([answer, sleep(HANGING_MS, 'hangs')])).toBe('hangs')
    server.resume()
    expect(await answer).toBe(true)
  } finally {
    await server.remove()
  }
  expect(await answers(server.url)).toBe(false)
})
