import { describe, expect, test } from 'vitest'
import { createStrangers } from '../../src/lib/privacy/strangers.ts'
import { visitorHashWith } from '../../src/lib/privacy/visitor-hash.ts'
import { createAgentReader, noAgent } from '../../src/lib/tracking/agent.ts'
import { visitorDetails } from '../../src/lib/tracking/track-click.ts'

const noon = Date.UTC(2026, 10, 18, 12)
const hash = visitorHashWith(Buffer.alloc(32, 7))
const strangers = createStrangers(Buffer.alloc(32, 9))
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0'
const network = '203.0.113.7'

function detailsOf(
  visitor: Partial<Parameters<typeof visitorDetails>[2]>,
  hashAt: () => typeof hash | undefined = () => hash,
) {
  const parts = { salts: { hashAt, refresh: async () => {} }, strangers, agentOf: createAgentReader() }
  const told = {
    anonymous: false,
    network,
    userAgent: firefox,
    referrer: 'https://mail.example/inbox',
    ...visitor,
  }
  return visitorDetails(parts, noon, told)
}

describe('the details of a visitor', () => {
  test('are hashes, user agent and the referrer’s host', () => {
    const { visitor, address } = hash(network, firefox)
    expect(detailsOf({})).toEqual({
      referrer: 'mail.example',
      ip_hash: visitor,
      address_hash: address,
      agent: { user_agent: firefox, device: 'desktop', browser: 'Firefox', os: 'Linux' },
      visitor: { visitor, address },
    })
  })

  test('without a user agent are those of the empty one', () => {
    for (const userAgent of [undefined, null, ''])
      expect(detailsOf({ userAgent })).toMatchObject({ agent: noAgent, visitor: hash(network, '') })
  })

  test('are empty on request or without a salt, but visitors are still told apart', () => {
    const nothing = { referrer: null, ip_hash: null, address_hash: null, agent: noAgent }
    for (const userAgent of [firefox, undefined, null]) {
      const visitor = strangers(network, userAgent ?? '', noon)
      expect(detailsOf({ anonymous: true, userAgent })).toEqual({ ...nothing, visitor })
      expect(detailsOf({ userAgent }, () => undefined)).toMatchObject({
        ip_hash: null,
        address_hash: null,
        visitor,
      })
    }
    expect(detailsOf({}, () => undefined)).toMatchObject({ referrer: 'mail.example' })
  })

  test('without an address do not distinguish visitors', () => {
    for (const anonymous of [true, false])
      for (const address of [undefined, ''])
        expect(detailsOf({ anonymous, network: address })).toMatchObject({ ip_hash: null, visitor: null })
  })
})
