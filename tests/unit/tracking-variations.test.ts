import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { createVariations } from '../../src/lib/tracking/variations.ts'
import { databaseAway } from '../support/database-away.ts'
import { temporaryFolder } from '../support/folders.ts'

const known = { variation_id: 42, offer_id: 4, link_slug: 'desk', former_slugs: ['bureau'] }

test('without a database, variations are of the last snapshot; the log names unreadable ones', async () => {
  const folder = temporaryFolder()
  const logged: unknown[] = []
  const log = pino({ base: null, timestamp: false }, { write: (line) => logged.push(JSON.parse(line)) })
  const text = JSON.stringify([known, { ...known, variation_id: 43, offer_id: 'x' }])
  writeFileSync(join(folder, 'variations.json'), text)
  const variations = createVariations({
    database: databaseAway,
    folder,
    elapsed: () => 0,
    log,
    inTurn: (step) => step(),
  })
  expect([...variations.values()]).toEqual([known])
  expect(variations.peek(42)).toEqual(known)
  const leftOut = [{ key: '43', reason: expect.stringContaining('offer_id') }]
  expect(variations.leftOut).toEqual(leftOut)
  expect(logged).toMatchObject([
    { variations: leftOut, msg: expect.stringMatching('^variations that cannot be read') },
  ])
  expect(await variations.refresh()).toBe(false)
  expect(await variations.find(43)).toMatchObject({ fault: { code: 'unavailable' } })
  expect(variations.peek(42)).toEqual(known)
  expect(readFileSync(join(folder, 'variations.json'), 'utf8')).toBe(text)
})
