import { expect, test } from 'vitest'
import { createPortions } from '../../src/lib/outbox/portions.ts'

const row = (id: number, attempts = 1) => ({ id: `${id}`, attempts })
const failing = { most: 50, failing: true }
const working = { most: 50, failing: false }
const broken = { code: 'failing', message: '' } as const

test('rows of a batch that failed are sent one by one, and then many again', () => {
  const portions = createPortions()
  const rows = [row(1), row(2), row(3)]
  expect(portions.next(working)).toEqual({ limit: 50, only: [], except: [] })
  portions.failed(rows, rows, broken)
  for (const one of rows) {
    expect(portions.next(working).limit).toBe(1)
    portions.worked([one])
  }
  expect(portions.next(working).limit).toBe(50)
  portions.failed(rows, rows, broken)
  expect(portions.pick([])).toEqual([])
  expect(portions.next(working).limit).toBe(50)
})

test('a row that failed alone lets others go first, and is tried again when one was accepted', () => {
  const portions = createPortions()
  expect(portions.blames([row(1)])).toBe(false)
  portions.failed([row(1)], [row(1)], broken)
  expect(portions.next(failing)).toEqual({ limit: 1, only: [], except: ['1'] })
  portions.worked([row(2)])
  expect(portions.next(working)).toEqual({ limit: 1, only: ['1'], except: [] })
  expect(portions.blames([row(1)])).toBe(true)
  expect(portions.blames([row(1), row(2)])).toBe(false)
  portions.worked([row(1)])
  expect(portions.next(working)).toEqual({ limit: 50, only: [], except: [] })
})

test('rows that were refused before are sent alone, and only they are judged by the result', () => {
  const portions = createPortions()
  const rows = [row(1, 3), row(2), row(3, 2)]
  expect(portions.pick(rows)).toEqual([row(1, 3), row(3, 2)])
  expect(portions.pick([row(2), row(3, 2)])).toEqual([row(2)])
  expect(portions.blames([row(1, 3), row(3, 2)])).toBe(true)
})

test('a pause says nothing about the rows, and a missing answer halves what is sent', () => {
  const portions = createPortions()
  portions.failed([row(1)], [row(1)], { code: 'busy', message: '' })
  expect(portions.next(failing)).toEqual({ limit: 50, only: [], except: [] })
  const many = Array.from({ length: 50 }, (_, id) => row(id))
  portions.failed(many, many, { code: 'unreachable', message: '' })
  expect(portions.next(failing).limit).toBe(25)
  portions.worked(many)
  expect(portions.next(working).limit).toBe(50)
})

test('suspects are forgotten when no other row is left, or when there are too many', () => {
  const portions = createPortions()
  for (let id = 0; id < 1_000; id += 1) portions.failed([row(id)], [row(id)], broken)
  expect(portions.next(failing).except).toHaveLength(1_000)
  portions.failed([row(1_000)], [row(1_000)], broken)
  expect(portions.next(failing).except).toEqual(['1000'])
  portions.pick([])
  expect(portions.next(failing).except).toEqual([])
})
