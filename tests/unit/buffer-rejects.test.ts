import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createQueue } from '../../src/lib/base/queue.ts'
import { createRejects, rejectsFile, takeRejects } from '../../src/lib/buffer/rejects.ts'
import { aClick, anImpression } from '../support/events.ts'
import { temporaryFolder } from '../support/folders.ts'

const reject = (event = aClick()) => ({ rejected_at: 5, reason: 'variation_gone', event })

test('rejects are kept with their reason and nothing about the visitor, and counted', async () => {
  const folder = join(temporaryFolder(), 'journal')
  const rejects = createRejects(folder, createQueue())
  expect(rejects.count()).toBe(0)
  expect(await rejects.append([])).toEqual({ ok: true, value: undefined })
  const impression = { rejected_at: 6, reason: 'x', event: anImpression() }
  await rejects.append([reject(aClick({ ip_hash: 'f'.repeat(64) })), impression])
  await rejects.append([reject()])
  expect(rejects.count()).toBe(3)
  expect(rejects.count()).toBe(3)
  expect(readFileSync(rejectsFile(folder), 'utf8')).not.toContain('ffff')
  expect(takeRejects(folder).rejects[1]).toEqual(impression)
})

test('clicks on variations that never existed are not kept, since anybody can invent them', async () => {
  const folder = temporaryFolder()
  const rejects = createRejects(folder, createQueue())
  const invented = ['unknown_variation', 'other_slug'].map((reason) => ({ ...reject(), reason }))
  expect(await rejects.append(invented)).toEqual({ ok: true, value: undefined })
  expect(readdirSync(folder)).toEqual([])
  await rejects.append([...invented, reject()])
  expect(takeRejects(folder).rejects).toMatchObject([{ reason: 'variation_gone' }])
})

test('taking them renames the file, so that new ones start another one; done deletes it', async () => {
  const folder = temporaryFolder()
  const rejects = createRejects(folder, createQueue())
  await rejects.append([reject()])
  const taken = takeRejects(folder)
  expect(taken.rejects).toHaveLength(1)
  await rejects.append([reject(), reject()])
  expect(takeRejects(folder).rejects).toHaveLength(1)
  taken.done(5)
  expect(readdirSync(folder)).toEqual(['rejects.ndjson'])
  expect(takeRejects(folder).rejects).toHaveLength(2)
})

test('an unreadable line is reported, and never discarded', async () => {
  const folder = temporaryFolder()
  await createRejects(folder, createQueue()).append([reject()])
  appendFileSync(rejectsFile(folder), '{"half\n{"rejected_at":1}\n')
  const taken = takeRejects(folder)
  expect(taken).toMatchObject({ rejects: [{ reason: 'variation_gone' }], damaged: 2 })
  taken.done(5)
  expect(readdirSync(folder)).toEqual(['rejects.ndjson.damaged-5'])
})

test('a file that cannot be written is a fault, and the next line starts afresh', async () => {
  const folder = temporaryFolder()
  mkdirSync(rejectsFile(folder))
  const rejects = createRejects(folder, createQueue())
  expect(await rejects.append([reject()])).toMatchObject({
    ok: false,
    fault: { message: expect.stringContaining('EISDIR') },
  })
  rmdirSync(rejectsFile(folder))
  expect((await rejects.append([reject()])).ok).toBe(true)
  expect(rejects.count()).toBe(1)
  await rejects.append([reject()])
  const written = readFileSync(rejectsFile(folder), 'utf8').split('\n')
  expect(written.map((line) => line.slice(0, 16))).toEqual(['', '{"rejected_at":5', '{"rejected_at":5', ''])
})

test('a reject has its event unchanged except for details of the visitor, and only the owner may read it', async () => {
  const folder = join(temporaryFolder(), 'journal')
  const click = aClick({ ip_hash: 'f'.repeat(64), user_agent: 'A', referrer: 'b.example', address_hash: 'a' })
  await createRejects(folder, createQueue()).append([reject(click)])
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  expect(statSync(rejectsFile(folder)).mode & 0o777).toBe(0o600)
  const event = { ...click, ip_hash: null, user_agent: null, referrer: null, address_hash: null }
  expect(readFileSync(rejectsFile(folder), 'utf8')).toBe(`${JSON.stringify(reject(event))}\n`)
  const other = temporaryFolder()
  const impression = { rejected_at: 6, reason: 'x', event: anImpression() }
  await createRejects(other, createQueue()).append([impression])
  expect(readFileSync(rejectsFile(other), 'utf8')).toBe(`${JSON.stringify(impression)}\n`)
})

test('of events that were tried before, those that the file has are not written again', async () => {
  const folder = temporaryFolder()
  const rejects = createRejects(folder, createQueue())
  const [one, other] = [reject(), reject()]
  await rejects.append([reject(), one])
  expect((await rejects.appendNew([one, other])).ok).toBe(true)
  expect((await rejects.appendNew([])).ok).toBe(true)
  expect(
    takeRejects(folder)
      .rejects.map(({ event }) => event.event_id)
      .slice(1),
  ).toEqual([one.event.event_id, other.event.event_id])
})

test('without rejects there is nothing to take, nor to end', () => {
  const taken = takeRejects(temporaryFolder())
  expect(taken).toMatchObject({ rejects: [], damaged: 0 })
  taken.done(5)
})
