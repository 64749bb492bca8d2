import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
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

test('clicks on what never existed are not kept, since anybody can make them up', async () => {
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
})
