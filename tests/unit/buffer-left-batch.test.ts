import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { leftBatch } from '../../src/lib/buffer/left-batch.ts'
import { encodeRecord } from '../../src/lib/buffer/record.ts'
import { aClick, anImpression } from '../support/events.ts'
import { openFiles, temporaryFolder } from '../support/folders.ts'

const at = Date.UTC(2026, 10, 18)

const counted = (...lines: string[]) => countedBy(undefined, ...lines)

async function countedBy(pieceBytes: number | undefined, ...lines: string[]) {
  const path = join(temporaryFolder(), '000000000000007-000001.dead.journal')
  writeFileSync(path, lines.join(''))
  const file = { path, bytes: 0 }
  const { count, unchecked, since, ...batch } = await leftBatch(file, pieceBytes)
  expect(batch).toEqual({ file, lines: undefined, left: true })
  expect(openFiles(path)).toBe(0)
  return [count, unchecked, since]
}

test('events and unchecked clicks are counted, whatever a visitor sends', async () => {
  const user_agent = '"kind":"click","offer_id":null,"at":1'
  const unchecked = aClick({ offer_id: null, slug: 'desk', user_agent, at: at + 1 })
  const groups = [[aClick({ user_agent, at }), unchecked], [anImpression()], [unchecked]]
  expect(await counted(...groups.map(encodeRecord))).toEqual([4, 2, at])
})

test('a line without a recognisable event counts as one, an empty one as none', async () => {
  expect(await counted()).toEqual([0, 0, 7])
  expect(await counted('\n\n\n')).toEqual([0, 0, 7])
  expect(await counted('damaged\n\n', encodeRecord([aClick({ at })]), 'half a li')).toEqual([3, 0, at])
  expect(await counted(encodeRecord([aClick({ at: -1 })]).trimEnd())).toEqual([1, 0, -1])
})

test('an unreadable segment has at least one event, and none older than its file', async () => {
  const file = { path: join(temporaryFolder(), '000000000000007-000001.dead.journal'), bytes: 1 }
  expect(await leftBatch(file)).toMatchObject({ file, count: 1, unchecked: 0, since: 7, left: true })
})

test('wherever a piece ends, nothing is counted twice or missed', async () => {
  const lines = [
    'damaged\n\n',
    encodeRecord([anImpression({ at }), aClick({ offer_id: null, slug: 'desk', at: 2 })]),
    encodeRecord([aClick({ at: 3 })]),
    'half a li',
  ]
  for (let bytes = 33; bytes < 1_500; bytes += bytes < 200 ? 1 : 13)
    expect([bytes, await countedBy(bytes, ...lines)]).toEqual([bytes, [5, 1, at]])
})

test('a line that is longer than a piece is one line', async () => {
  const clicks = Array.from({ length: 2_000 }, () => aClick({ at }))
  expect(await counted('x'.repeat(600_000), '\n', encodeRecord(clicks))).toEqual([2_001, 0, at])
})
