import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { fail, ok } from '../../src/lib/base/result.ts'
import { type EmbeddedServer, endEmbedded, openEmbedded } from '../../src/lib/database/embedded/start.ts'
import { databaseServer } from '../../src/lib/database/server.ts'

vi.mock('../../src/lib/database/embedded/start.ts', () => ({ openEmbedded: vi.fn(), endEmbedded: vi.fn() }))

const log = createLog('silent')
const start = vi.mocked(openEmbedded)

afterEach(() => {
  start.mockReset()
  vi.restoreAllMocks()
})

const running = (changes: Partial<EmbeddedServer> = {}): EmbeddedServer => ({
  url: 'postgres://promo@127.0.0.1:5000/promo',
  startedHere: true,
  notice: undefined,
  beat: vi.fn(async () => {}),
  stop: vi.fn(async () => {}),
  ...changes,
})

const embedded = () =>
  databaseServer({ DATABASE_URL: undefined, PROMO_DATABASE_CA: undefined, PROMO_DATA_DIR: '/data' }, log)

const at = (DATABASE_URL: string, PROMO_DATABASE_CA?: string) =>
  databaseServer({ DATABASE_URL, PROMO_DATABASE_CA, PROMO_DATA_DIR: '/data' }, log)

test('a server in the settings is used where it is, and never started or stopped', async () => {
  const server = at('postgres://db.example/promo')
  expect(await server.open(5_000)).toEqual(ok(undefined))
  expect(await server.locate()).toEqual(ok('postgres://db.example/promo'))
  await server.stop()
  expect(start).not.toHaveBeenCalled()
})

test('the embedded server is started once, and located again when asked again', async () => {
  const first = running()
  const second = running({ url: 'postgres://promo@127.0.0.1:6000/promo' })
  start.mockResolvedValueOnce(ok(first)).mockResolvedValueOnce(ok(second))
  const server = embedded()
  expect(await server.open(5_000)).toEqual(ok(undefined))
  expect(await server.locate()).toEqual(ok(first.url))
  expect(start).toHaveBeenCalledExactlyOnceWith({ dataDir: '/data', log })
  expect(await server.locate()).toEqual(ok(second.url))
  await server.stop()
  expect(first.stop).not.toHaveBeenCalled()
  expect(second.stop).toHaveBeenCalledOnce()
})

test('the notice of the start is logged once', async () => {
  const info = vi.spyOn(log, 'info')
  start.mockResolvedValue(ok(running({ notice: 'binaries are in /var/lib' })))
  const server = embedded()
  await server.open(5_000)
  await server.locate()
  await server.locate()
  expect(start).toHaveBeenCalledTimes(2)
  expect(info).toHaveBeenCalledExactlyOnceWith('binaries are in /var/lib')
})

test('a slow start continues while the site opens, and is used then', async () => {
  const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<typeof openEmbedded>>>()
  start.mockReturnValueOnce(promise)
  const server = embedded()
  expect(await server.open(10)).toEqual(ok(undefined))
  const found = server.locate()
  resolve(ok(running()))
  expect(await found).toEqual(ok(running().url))
  expect(start).toHaveBeenCalledOnce()
})

test.each(['start_failed', 'in_use'] as const)(
  'a server that does not start (%s) may do so later; other faults need a person',
  async (code) => {
    const failed = fail({ code, message: 'no memory' })
    start.mockResolvedValueOnce(failed)
    const later = embedded()
    expect(await later.open(5_000)).toEqual(ok(undefined))
    expect(await later.locate()).toEqual(failed)
    start.mockResolvedValueOnce(ok(running()))
    expect(await later.locate()).toEqual(ok(running().url))

    const missing = fail({ code: 'no_binaries', message: 'none for this platform' } as const)
    start.mockResolvedValueOnce(missing)
    const never = embedded()
    expect(await never.open(5_000)).toEqual(missing)
    await never.stop()
  },
)

test('the embedded server ends with a process that somebody else ends before it was stopped', async () => {
  start.mockResolvedValue(ok(running()))
  const before = process.listeners('exit')
  const added = () => process.listeners('exit').filter((listener) => !before.includes(listener))
  const server = embedded()
  await server.open(5_000)
  for (const listener of added()) listener(0)
  expect(endEmbedded).toHaveBeenCalledExactlyOnceWith('/data')
  await server.stop()
  expect(added()).toEqual([])
})

test('renews the sign of life every ten seconds, until it is stopped', async () => {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const first = running({ beat: vi.fn(async () => Promise.reject(new Error('the disk is full'))) })
  start.mockResolvedValueOnce(ok(first))
  const server = embedded()
  await vi.advanceTimersByTimeAsync(10_000)
  await server.open(5_000)
  await vi.advanceTimersByTimeAsync(20_000)
  expect(first.beat).toHaveBeenCalledTimes(2)
  await server.stop()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(first.beat).toHaveBeenCalledTimes(2)
})

test('an unreadable certificate ends the start, and parameters without effect are reported', async () => {
  const refused = {
    ok: false,
    fault: { code: 'no_certificate', message: expect.stringContaining('/nowhere.pem') },
  }
  expect(await at('postgres://db.example/promo?sslrootcert=/nowhere.pem').open()).toMatchObject(refused)
  expect(await at('postgres://db.example/promo', '/nowhere.pem').open()).toMatchObject(refused)
  const info = vi.spyOn(log, 'info')
  expect(await at('postgres://db.example/promo?sslmode=require').open()).toEqual(ok(undefined))
  expect(info).not.toHaveBeenCalled()
  expect(await at('postgres://db.example/promo?pool_timeout=2').open()).toEqual(ok(undefined))
  expect(info).toHaveBeenCalledExactlyOnceWith(
    { parameters: ['pool_timeout'] },
    'DATABASE_URL has parameters without effect here',
  )
})
