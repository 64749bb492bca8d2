import { expect, test, vi } from 'vitest'
import { readDevice } from '../../src/lib/classify/device.ts'
import { createAgentReader, noAgent } from '../../src/lib/tracking/agent.ts'

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0'

test('a user agent is kept as far as it can be stored, with its device, browser and system', () => {
  const read = createAgentReader()
  const told = { device: 'desktop', browser: 'Firefox', os: 'Linux' }
  expect(read(firefox)).toEqual({ user_agent: firefox, ...told })
  expect(read(`${firefox}\0\ud800`)).toEqual({ user_agent: `${firefox}\ufffd`, ...told })
  expect(read(`${firefox}${'x'.repeat(1_000)}`).user_agent).toBe(
    `${firefox}${'x'.repeat(1_000)}`.slice(0, 500),
  )
  for (const none of [null, undefined, '']) expect(read(none)).toEqual(noAgent)
  expect(noAgent).toEqual({ user_agent: null, device: null, browser: null, os: null })
})

test('a user agent is read once, unless it is longer than any browser’s', () => {
  const deviceOf = vi.fn(readDevice)
  const read = createAgentReader(deviceOf)
  for (const text of [firefox, 'x'.repeat(1_000), 'x'.repeat(1_001)]) for (const _ of [1, 2]) read(text)
  expect(deviceOf).toHaveBeenCalledTimes(4)
})

test('a user agent is kept even if its device cannot be read', () => {
  const read = createAgentReader(() => {
    throw new Error('broken')
  })
  expect(read(firefox)).toEqual({ ...noAgent, user_agent: firefox })
})
