import { expect, test, vi } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { parseNetworks } from '../../src/lib/base/networks.ts'
import { createClients } from '../../src/lib/operations/clients.ts'
import { watchForUnnamedProxy } from '../../src/lib/operations/unnamed-proxy.ts'

const counted = (address: string, peer: string, forwarded = true, trusted = parseNetworks('10.0.0.1')) => {
  const watch = watchForUnnamedProxy({ trusted, now: () => 0, log: createLog('silent') })
  watch.notice({ address, forwarded }, peer, 'localhost:4321', true)
  return watch.count
}

test.each(['127.0.0.1', '10.0.0.2', '172.16.0.1', '172.31.9.9', '192.168.1.1', '::1', 'fd00::1', 'fe80::1'])(
  'a proxy at %s that is not named counts',
  (address) => {
    expect(counted(address, address)).toBe(1)
    expect(counted(address, address, true, undefined)).toBe(1)
    expect(counted(address, address, false)).toBe(0)
  },
)

test('readers, named proxies and proxies elsewhere do not count', () => {
  expect(counted('10.0.0.9', '10.0.0.1')).toBe(0)
  for (const address of ['203.0.113.7', '172.32.0.1', '2001:db8::1', ''])
    expect(counted(address, address)).toBe(0)
  expect(counted('127.0.0.1', '::ffff:127.0.0.1')).toBe(1)
})

test('the log says so once, with the name of the setting', () => {
  const log = createLog('silent')
  const warn = vi.spyOn(log, 'warn')
  const watch = watchForUnnamedProxy({ trusted: undefined, now: () => 0, log })
  for (const _ of [1, 2, 3])
    watch.notice({ address: '10.0.0.2', forwarded: true }, '10.0.0.2', undefined, true)
  expect(watch.count).toBe(3)
  expect(warn).toHaveBeenCalledExactlyOnceWith(
    { proxy: '10.0.0.2' },
    expect.stringContaining('PROMO_TRUSTED_PROXIES'),
  )
})

test('a proxy on this machine that leaves no sign is recognised by the requested host', () => {
  const log = createLog('silent')
  const warn = vi.spyOn(log, 'warn')
  const watch = watchForUnnamedProxy({ trusted: undefined, now: () => 0, log })
  const notice = (address: string, host: string | undefined, forwarded = false) =>
    watch.notice({ address, forwarded }, address, host, false)
  for (const host of ['localhost', 'localhost:4321', '127.0.0.1:4321', '[::1]:4321', undefined])
    notice('127.0.0.1', host)
  notice('203.0.113.7', 'www.example.com')
  expect([watch.silent, watch.count]).toEqual([false, 0])
  for (const address of ['127.0.0.1', '::1', '::1']) notice(address, 'www.example.com')
  expect([watch.silent, watch.count]).toEqual([true, 3])
  expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('PROMO_INGEST_TOKEN'))
})

test.each([
  ['that forwards', true, 'localhost', [true, false]],
  ['that leaves no sign', false, 'www.example.com', [true, true]],
] as const)(
  'a proxy %s is reported from its third request to an hour after its last',
  (_, forwarded, host, told) => {
    const log = createLog('silent')
    const warn = vi.spyOn(log, 'warn')
    let time = Date.UTC(2026, 10, 18)
    const watch = watchForUnnamedProxy({ trusted: undefined, now: () => time, log })
    const seen = () => [watch.recent, watch.silent]
    const notice = () => watch.notice({ address: '127.0.0.1', forwarded }, '127.0.0.1', host, false)
    for (const _ of [1, 2]) {
      notice()
      time += 3_599_999
      expect(seen()).toEqual([false, false])
    }
    expect(warn).not.toHaveBeenCalled()
    for (const _ of [3, 4]) {
      notice()
      time += 3_599_999
      expect(seen()).toEqual(told)
    }
    expect(warn).toHaveBeenCalledTimes(1)
    time += 1
    expect(seen()).toEqual([false, false])
    for (const _ of [1, 2]) notice()
    expect(seen()).toEqual([false, false])
    notice()
    expect(seen()).toEqual(told)
    expect(warn).toHaveBeenCalledTimes(2)
    expect(watch.count).toBe(7)
  },
)

test('a named proxy that does not say whose requests it forwards is reported for an hour', () => {
  const log = createLog('silent')
  const warn = vi.spyOn(log, 'warn')
  let time = 0
  const watch = watchForUnnamedProxy({
    trusted: parseNetworks('203.0.113.1,10.0.0.0/8'),
    now: () => time,
    log,
  })
  const notice = (address: string, peer: string, forwarded = true, follows = false) =>
    watch.notice({ address, forwarded }, peer, 'www.example.com', follows)
  notice('198.51.100.7', '203.0.113.1')
  notice('10.0.0.9', '10.0.0.1')
  notice('203.0.113.1', '203.0.113.1', false)
  notice('198.51.100.7', '198.51.100.7', false, true)
  expect([watch.unread, watch.count]).toEqual([false, 0])
  // A script or a check on the proxy's own machine.
  for (const _ of [1, 2, 3]) notice('203.0.113.1', '203.0.113.1')
  expect([watch.unread, watch.count]).toEqual([false, 0])
  for (const _ of [1, 2]) notice('203.0.113.1', '::ffff:203.0.113.1', true, true)
  notice('203.0.113.1', '203.0.113.1', false, true)
  expect([watch.unread, watch.recent, watch.silent, watch.count]).toEqual([true, false, false, 3])
  expect(warn).toHaveBeenCalledExactlyOnceWith(
    { proxy: '203.0.113.1' },
    expect.stringContaining('PROMO_CLIENT_ADDRESS_HEADER'),
  )
  time = 3_600_000
  expect(watch.unread).toBe(false)
})

test('a named proxy without a trace is noticed by promo links, and not by its checks', () => {
  const trusted = parseNetworks('203.0.113.1')
  const watch = watchForUnnamedProxy({ trusted, now: () => 0, log: createLog('silent') })
  const { client, caller } = createClients({ trusted, addressHeader: 'x-forwarded-for' }, watch)
  const header = (name: string) => ({ host: 'www.example.com' })[name]
  for (const _ of [1, 2, 3]) caller('203.0.113.1', header)
  expect(watch.unread).toBe(false)
  for (const _ of [1, 2, 3]) client('203.0.113.1', header)
  expect(watch.unread).toBe(true)
})
