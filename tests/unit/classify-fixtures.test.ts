import { describe, expect, test } from 'vitest'
import { createClassifier } from '../../src/lib/classify/classifier.ts'
import { readDevice } from '../../src/lib/classify/device.ts'
import { classifyReferrer } from '../../src/lib/classify/referrer.ts'
import { readUserAgent } from '../../src/lib/classify/user-agent.ts'
import { referrerHost } from '../../src/lib/privacy/referrer.ts'
import { byKind, type Fixture, fixtures } from '../fixtures/user-agents.ts'

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

test('the fixtures are many, without duplicates, and of all kinds', () => {
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
  test('is a person, even right after the send without another sign', () => {
    const { verdict, sign } = judged(fixture)
    expect(verdict).toBe('human')
    if (sign === null) expect(judged(fixture, true).verdict).toBe('human')
  })

  test('has the device that it names', () => {
    const { device, browser, os } = fixture
    expect(readDevice(fixture.user_agent)).toMatchObject({
      ...(device && { device }),
      ...(browser && { browser }),
      ...(os && { os }),
    })
  })
})

test.each(honest)('a self-declared machine: $title', (fixture) => {
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

test.each(posing)('a machine in disguise: $title', (fixture) => {
  expect(judged(fixture)).toMatchObject({ verdict: 'human', reason: expect.stringMatching(/_user_agent$/) })
  expect(judged(fixture, true).verdict).toBe('machine')
})

test.each(titled.filter(({ category }) => category === 'webmail'))(
  'comes from webmail: $headers.referer',
  ({ headers }) => {
    expect(classifyReferrer(referrerHost(headers?.referer)).class).toBe('webmail')
  },
)

describe('user agents drawn at random from public lists', () => {
  const isMachine = (userAgent: string) => {
    const found = readUserAgent(userAgent)
    return found === 'self_declared' || found === 'mail_gateway'
  }
  const wrong = (label: string, of: (one: (typeof byKind)[number]) => boolean = () => true) => {
    const all = byKind.filter((one) => one.label === label && of(one))
    expect(all.length).toBeGreaterThan(0)
    return all.filter(({ userAgent }) => isMachine(userAgent) !== (label === 'machine')).length / all.length
  }

  test.each([true, false])('are recognised by their names, held out: %s', (held) => {
    expect(wrong('machine', (one) => one.held === held)).toBeLessThanOrEqual(0.03)
    expect(wrong('human', (one) => one.held === held)).toBeLessThanOrEqual(0.01)
  })

  test.each([...new Set(byKind.map(({ label, kind }) => `${label}: ${kind}`))])(
    'of %s nearly all are',
    (name) => {
      const [label = '', kind] = name.split(': ')
      expect(wrong(label, (one) => one.kind === kind)).toBeLessThanOrEqual(0.1)
    },
  )
})

test.each([
  'Amzn-User/1.0',
  'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Amzn-User/0.1) Chrome/119.0 Safari/537.36',
  'Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041',
  'Mozilla/5.0 (Windows NT 10.0; Microsoft Windows 10.0; en-US) PowerShell/7.4.1',
  'Dart/3.1 (dart:io)',
  'Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/22.1.0',
  'Mozilla/5.0 (X11; Linux x86_64; rv:21.0) Gecko/20100101 SlimerJS/0.7',
  'Assetnote/1.0.0',
  'ShareSheetUI/1 CFNetwork/1490.0.4 Darwin/23.2.0',
  'Zoom.Mac 10.12',
  'Mozilla/5.0 (ZOOM.Mac 10.15.7 x86)',
  'GitLab/17.1.0',
])('a program by its name or its shape: %s', (userAgent) => {
  expect(readUserAgent(userAgent)).toBe('self_declared')
})

test.each([
  'Mozilla/5.0 (2822MB; 720x1411; 320x319; 411x806; Samsung SM-A115F; 10) AppleWebKit/537.36 ' +
    '(KHTML, like Gecko)  ROBLOX Android App 2.448.411159 Phone Hybrid()  GooglePlayStore ' +
    'RobloxApp/2.448.411159 (GlobalDist; GooglePlayStore)',
  'AppleNews/904 Version/4.1.1',
  'Mozilla/5.0 (Linux; GoogleTV 3.2; NSZ-GS7/GX70 Build/MASTER) AppleWebKit/534.24 (KHTML, like ' +
    'Gecko) Chrome/11.0.696.77 Safari/534.24',
  'SAMSUNG-SGH-E250/1.0 Profile/MIDP-2.0 Configuration/CLDC-1.1 UP.Browser/6.2.3.3.c.1.101 (GUI) ' +
    'MMP/2.0 (compatible; Java)',
  'Mozilla/5.0 (Linux; Android 7.0; M bot 60 Build/NRD90M) AppleWebKit/537.36 (KHTML, like Gecko) ' +
    'Chrome/58.0.3029.83 Mobile Safari/537.36',
])('a person’s device, however its name sounds: %s', (userAgent) => {
  expect(readUserAgent(userAgent)).toBeNull()
})
