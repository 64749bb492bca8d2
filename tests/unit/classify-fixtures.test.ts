import { describe, expect, test } from 'vitest'
import { createClassifier } from '../../src/lib/classify/classifier.ts'
import { readDevice } from '../../src/lib/classify/device.ts'
import { classifyReferrer } from '../../src/lib/classify/referrer.ts'
import { referrerHost } from '../../src/lib/privacy/referrer.ts'
import { type Fixture, fixtures } from '../fixtures/user-agents.ts'

const noon = Date.UTC(2026, 10, 18, 12)

/** The verdict on a first click from nowhere in particular, perhaps as soon as the mail is out. */
function judged({ user_agent, headers = {} }: Fixture, justSent = false) {
  const classifier = createClassifier({ networks: [], duplicateSeconds: 10, visitorsPerAddress: 5 })
  if (justSent) classifier.noteSend(42, 'daily', noon - 5_000)
  return classifier.classify({
    at: noon,
    variationId: 42,
    header: (name) => (name === 'user-agent' ? (user_agent ?? undefined) : headers[name]),
    userAgent: user_agent,
    direct: true,
    address: '203.0.113.7',
    visitor: { visitor: 'somebody', address: 'somewhere' },
    insider: null,
    hashed: true,
    flooding: () => false,
  })
}

const titled = fixtures.map((fixture) => ({
  ...fixture,
  title: `${fixture.category}: ${fixture.user_agent ?? 'no user agent'} ${JSON.stringify(fixture.headers ?? {})}`,
}))
const people = titled.filter(({ label }) => label === 'human')
const honest = titled.filter(({ self_declared }) => self_declared === true)
const posing = titled.filter(({ self_declared }) => self_declared === false)

test('the fixtures are many, each once, and of all kinds', () => {
  expect(fixtures.length).toBeGreaterThanOrEqual(300)
  expect(new Set(fixtures.map(({ user_agent, headers }) => JSON.stringify([user_agent, headers]))).size).toBe(
    fixtures.length,
  )
  // Two that differ in their numbers only are one.
  const shapes = new Set(
    fixtures.map(({ user_agent, headers }) =>
      JSON.stringify([user_agent?.replace(/[\d._]+/g, '#'), headers]),
    ),
  )
  expect(shapes.size).toBeGreaterThanOrEqual(300)
  expect(people.length + honest.length + posing.length).toBe(fixtures.length)
})

describe.each(people)('$title', (fixture) => {
  test('is a person, even right after the send where nothing else is odd', () => {
    const { verdict, sign } = judged(fixture)
    expect(verdict).toBe('human')
    if (sign === null) expect(judged(fixture, true).verdict).toBe('human')
  })

  test('is made with what it says', () => {
    const { device, browser, os } = fixture
    expect(readDevice(fixture.user_agent)).toMatchObject({
      ...(device && { device }),
      ...(browser && { browser }),
      ...(os && { os }),
    })
  })
})

test.each(honest)('a machine that says so: $title', (fixture) => {
  expect(judged(fixture)).toMatchObject({
    verdict: 'machine',
    reason: /prefetch/.test(fixture.category)
      ? 'prefetch'
      : fixture.category === 'not_navigation'
        ? 'not_navigation'
        : fixture.category === 'mail_gateway'
          ? expect.stringMatching(/^(mail_gateway|self_declared)$/)
          : 'self_declared',
  })
})

test.each(posing)('a machine that poses: $title', (fixture) => {
  expect(judged(fixture)).toMatchObject({ verdict: 'human', reason: expect.stringMatching(/_user_agent$/) })
  expect(judged(fixture, true).verdict).toBe('machine')
})

test.each(titled.filter(({ category }) => category === 'webmail'))(
  'comes from webmail: $headers.referer',
  ({ headers }) => {
    expect(classifyReferrer(referrerHost(headers?.referer)).class).toBe('webmail')
  },
)
