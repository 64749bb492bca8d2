import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { createQueue } from '../../src/lib/base/queue.ts'
import { createSnapshot } from '../../src/lib/links/snapshot.ts'
import { waitFor } from '../support/wait.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'snapshot-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const log = createLog('silent')
const warn = vi.spyOn(log, 'warn')
afterEach(() => warn.mockClear())

const open = (path: string) => createSnapshot<{ id: number }>({ path, log, inTurn: createQueue() })
const until = (path: string, text: string) => waitFor(() => expect(readFileSync(path, 'utf8')).toBe(text), 5)

test('a snapshot is read by the next start, and only its owner may read it', async () => {
  const path = join(folder, 'new', 'rows.json')
  const snapshot = open(path)
  expect(snapshot.read()).toEqual([])
  expect(warn).not.toHaveBeenCalled()
  snapshot.write([{ id: 1 }])
  snapshot.write([{ id: 1 }, { id: 2 }])
  await until(path, '[{"id":1},{"id":2}]')
  expect(open(path).read()).toEqual([{ id: 1 }, { id: 2 }])
  expect(statSync(path).mode & 0o77).toBe(0)
  expect(readdirSync(join(folder, 'new'))).toEqual(['rows.json'])
})

test('a snapshot is not written if nothing has changed', async () => {
  const path = join(folder, 'rows.json')
  writeFileSync(path, '[{"id":1}]')
  const snapshot = open(path)
  expect(snapshot.read()).toEqual([{ id: 1 }])
  const before = statSync(path).ino
  snapshot.write([{ id: 1 }])
  snapshot.write([{ id: 2 }])
  await until(path, '[{"id":2}]')
  const changed = statSync(path).ino
  expect(changed).not.toBe(before)
  snapshot.write([{ id: 2 }])
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(statSync(path).ino).toBe(changed)
})

test.each([
  ['torn', '[{"id":1},{"i', /JSON/],
  ['empty', '', /JSON/],
  ['of another shape', '{"id":1}', /^it is not a list$/],
])('a snapshot that is %s counts as none, and is replaced', async (_, text, reason) => {
  const path = join(folder, 'rows.json')
  writeFileSync(path, text)
  const snapshot = open(path)
  expect(snapshot.read()).toEqual([])
  expect(warn).toHaveBeenCalledExactlyOnceWith(
    { path, reason: expect.stringMatching(reason) },
    'snapshot not read',
  )
  snapshot.write([{ id: 1 }])
  await until(path, '[{"id":1}]')
})

test('a snapshot with a row of another shape is read, and its reader judges each row', () => {
  const path = join(folder, 'rows.json')
  writeFileSync(path, '[{"id":1},{"id":"2"},null]')
  expect(open(path).read()).toEqual([{ id: 1 }, { id: '2' }, null])
  expect(warn).not.toHaveBeenCalled()
})

test('a snapshot that cannot be written is logged, and tried again at the next fetch', async () => {
  const blocker = join(folder, 'file')
  writeFileSync(blocker, '')
  const path = join(blocker, 'rows.json')
  const snapshot = open(path)
  snapshot.write([{ id: 1 }])
  await waitFor(() => expect(warn).toHaveBeenCalledOnce())
  expect(warn).toHaveBeenCalledWith(
    { path, reason: expect.stringContaining(blocker) },
    'snapshot not written',
  )
  rmSync(blocker)
  snapshot.write([{ id: 1 }])
  await until(path, '[{"id":1}]')
  expect(warn).toHaveBeenCalledOnce()
})
