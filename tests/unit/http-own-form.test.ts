import pino from 'pino'
import { expect, test } from 'vitest'
import { createForeignForms, isOwnForm } from '../../src/lib/http/own-form.ts'

const own = (origin?: string) => isOwnForm({ origin, at: 'http://localhost:4321' }, 'https://site.example')

test('a form is ours if it comes from the address of its request or the public one', () => {
  expect(own('http://localhost:4321')).toBe(true)
  expect(own('https://site.example')).toBe(true)
})

test.each([undefined, '', 'null', 'http://site.example', 'https://localhost:4321', 'https://evil.example'])(
  'a form that comes from %s is not ours',
  (origin) => expect(own(origin)).toBe(false),
)

const refusing = () => {
  const lines: string[] = []
  const clock = { now: 0 }
  const log = pino({}, { write: (line: string) => lines.push(line) })
  return {
    lines,
    clock,
    refuse: createForeignForms({ siteUrl: 'http://localhost:4321', now: () => clock.now, log }),
  }
}

test('a form from elsewhere is refused with the setting to change, which is logged once an hour', () => {
  const { lines, clock, refuse } = refusing()
  const wanted = expect.stringContaining('must set SITE_URL=https://site.example and')
  expect(refuse('https://site.example')).toMatchObject({ status: 403, body: wanted })
  expect(refuse('https://other.example')).toMatchObject({ status: 403 })
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { origin: 'https://site.example', msg: wanted },
  ])
  clock.now = 3_600_000
  refuse('https://site.example')
  expect(lines).toHaveLength(2)
})

test.each([undefined, null, 'null', 'https://a b', `https://${'a'.repeat(300)}`, 'file://x'])(
  'the origin %s is not logged',
  (origin) => {
    const { lines, refuse } = refusing()
    expect(refuse(origin)).toMatchObject({ status: 403, body: 'Send this form from a page of this site.' })
    expect(lines).toEqual([])
  },
)
