import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { processEnvironment } from '../support/environment.ts'
import { startFakeReceiver } from '../support/fake-receiver.ts'
import { temporaryFolder } from '../support/folders.ts'

let tested: TestDatabase

beforeAll(async () => {
  tested = await createTestDatabase()
})
afterAll(() => tested?.drop())

type Ran = { code: number; out: string }

const promo = (folder: string, args: string[], more: Record<string, string> = {}): Promise<Ran> =>
  new Promise((done) => {
    const env = { ...processEnvironment, DATABASE_URL: tested.url, PROMO_DATA_DIR: folder, ...more }
    const child = execFile(
      process.execPath,
      [resolve('src/cli/promo.ts'), 'webhook', ...args],
      { cwd: folder, env },
      (_, out, err) => done({ code: child.exitCode ?? -1, out: out + err }),
    )
  })

test('promo webhook adds, shows, tries and removes webhooks', async () => {
  const folder = temporaryFolder()
  const any = { PROMO_WEBHOOK_ADDRESSES: 'any' }
  const receiver = await startFakeReceiver('whsec_AAAA')
  const events = ['--events', 'send.judged, winner.confirmed']
  const [plain, nowhere, unknown, eventless, none, user, wrongId, empty] = await Promise.all([
    promo(folder, ['add', receiver.url, ...events]),
    promo(folder, ['add', 'hooks.example', ...events]),
    promo(folder, ['add', receiver.url, '--events', 'send.lost'], any),
    promo(folder, ['add', receiver.url], any),
    promo(folder, []),
    promo(folder, ['add', 'https://a:b@hooks.example', ...events]),
    promo(folder, ['test', 'one']),
    promo(folder, ['list']),
  ])
  for (const [{ code, out }, says] of [
    [plain, 'must begin with https://'],
    [nowhere, 'must be a complete URL'],
    [unknown, 'names "send.lost", but must name some of: send.reported, send.judged'],
    [eventless, '--events is missing: name some of send.reported, send.judged'],
    [none, 'is not one of add, list, test and remove'],
    [user, 'no user and password'],
    [wrongId, 'ID must be a number, not "one"'],
  ] as const) {
    expect(code).toBe(2)
    expect(out).toContain(says)
  }
  expect(empty).toEqual({ code: 0, out: 'There are no webhooks.\n' })

  const added = await promo(folder, ['add', receiver.url, ...events], any)
  const secret = /^secret: (whsec_[\w+/]{43}=)$/m.exec(added.out)?.[1]
  expect(added).toMatchObject({
    code: 0,
    out: expect.stringContaining('receives send.judged, winner.confirmed'),
  })
  const genuine = await startFakeReceiver(`${secret}`)
  await tested.sql`
    update promo_webhooks set url = ${genuine.url},
      answers = '[{"at": "then", "id": "7", "type": "send.judged", "answer": "204"}]'
  `
  const [tried, refused, shown, missing] = await Promise.all([
    promo(folder, ['test', '1'], any),
    promo(folder, ['test', '1']),
    promo(folder, ['list']),
    promo(folder, ['test', '2']),
  ])
  expect(tried).toEqual({ code: 0, out: 'webhook 1 accepted it, with status 204\n' })
  expect(genuine).toMatchObject({ forged: 0, messages: [{ type: 'webhook.test' }] })
  expect(refused).toMatchObject({
    code: 1,
    out: expect.stringContaining('127.0.0.1 is not a public address'),
  })
  expect(shown).toEqual({
    code: 0,
    out: `1  ${genuine.url}  send.judged,winner.confirmed  0 messages waiting\n     then  send.judged  7  204\n`,
  })
  expect(missing).toMatchObject({ code: 1, out: expect.stringContaining('there is no webhook 2') })
  expect(await promo(folder, ['remove', '1'])).toEqual({ code: 0, out: 'webhook 1 is removed\n' })
  expect((await promo(folder, ['remove', '1'])).code).toBe(1)
})
