import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { createQueue } from '../../src/lib/base/queue.ts'
import { fail } from '../../src/lib/base/result.ts'
import { openDatabase } from '../../src/lib/database/database.ts'
import { openStrapiLinks } from '../../src/lib/links/strapi-links.ts'
import { createTableLinks } from '../../src/lib/links/table-links.ts'
import { linkFields, parseFields } from '../../src/lib/settings/strapi-fields.ts'
import { collection, type FakeStrapi, someLinks, startFakeStrapi } from '../support/fake-strapi.ts'
import { temporaryFolder } from '../support/folders.ts'

const elapsed = () => performance.now()

describe('links of the table', () => {
  test('are those of an earlier run while the database is away, each invalid one named by its slug', async () => {
    const folder = temporaryFolder()
    const link = { slug: 'desk', destination_url: 'https://m.example/', utm: {}, pass_parameters: false }
    const rows = [{ ...link, slug: 'bad', destination_url: 'm.example' }, link]
    writeFileSync(join(folder, 'links.json'), JSON.stringify(rows))
    const log = createLog('silent')
    const [error, warn] = [vi.spyOn(log, 'error'), vi.spyOn(log, 'warn')]
    const database = openDatabase({ locate: async () => fail({ message: 'away' }), log })
    onTestFinished(() => database.close())
    const links = createTableLinks({ database, folder, elapsed, log, inTurn: createQueue() })
    expect([links.peek('desk')?.location, links.size]).toEqual(['https://m.example/', 1])
    expect(links.leftOut.map(({ key }) => key)).toEqual(['bad'])
    expect(error.mock.lastCall?.[1]).toBe('links that cannot be read are left out: correct these rows')
    expect(await links.refresh()).toBe(false)
    expect(warn.mock.calls.map(([, text]) => text)).toContain(
      'links could not be fetched; those already known are kept',
    )
  })
})

describe('links of Strapi', () => {
  afterEach(() => void vi.useRealTimers())

  function open(strapi: FakeStrapi) {
    // What is looked at every half second would hide what is not done at once.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const fields = parseFields(linkFields, linkFields.preset)
    if (!fields.ok) throw new Error(fields.fault)
    const links = openStrapiLinks({
      settings: { url: strapi.url, token: undefined, type: 'affiliate-links', fields: fields.value },
      ...{ folder: temporaryFolder(), elapsed, log: createLog('silent'), inTurn: createQueue() },
      onFetched: () => {},
    })
    onTestFinished(() => links.stop())
    return links
  }

  test('are fetched at once when the catalogue’s version changes, and only then', async () => {
    let arrived = () => {}
    const strapi = await startFakeStrapi((request, response) => {
      collection(() => someLinks(1))(request, response)
      arrived()
    })
    const links = open(strapi)
    await links.attempted
    for (const version of ['1', '2']) {
      const fetched = new Promise<void>((resolve) => {
        arrived = resolve
      })
      links.follow(version)
      links.follow(version)
      await fetched
    }
    await links.stop()
    expect(strapi.requests).toHaveLength(3)
  })

  test('are not waited for at a stop, even if Strapi hangs', async () => {
    const asked = Promise.withResolvers<Socket>()
    const strapi = await startFakeStrapi(({ socket }) => asked.resolve(socket))
    const links = open(strapi)
    const socket = await asked.promise
    await Promise.all([once(socket, 'close'), links.stop()])
    expect(await links.attempted).toBe(false)
    // As it would be after the five seconds that Strapi has for an answer.
    expect(links.fault?.message).not.toContain('gave no complete answer')
    links.follow('1')
    expect(await links.refresh()).toBe(false)
    expect(strapi.requests).toHaveLength(1)
  })
})
