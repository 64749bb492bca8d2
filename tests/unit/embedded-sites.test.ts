import { chmodSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { sitesOf } from '../../src/lib/database/embedded/sites.ts'
import { changedAt, ownProcess } from '../../src/lib/processes/life-signs.ts'
import { ownerThatDied, temporaryFolder } from '../support/folders.ts'

const notesIn = (home: string) => readdirSync(join(home, 'postgres.sites'))

/** What time it is for the file system. */
async function clockOf(home: string): Promise<number> {
  writeFileSync(join(home, 'clock'), '')
  return (await changedAt(join(home, 'clock'))) ?? 0
}

test('a site that shares its folder with nobody is alone', async () => {
  const home = temporaryFolder()
  const sites = sitesOf(home)
  expect(await sites.elsewhere(await clockOf(home))).toBeUndefined()
  await sites.join()
  await sites.join()
  expect(notesIn(home)).toHaveLength(1)
  expect(await sites.elsewhere(await clockOf(home))).toBeUndefined()
  expect(await sites.leave()).toBe(0)
  expect(notesIn(home)).toEqual([])
})

test('a process of this place is no reason to wait, and one that has ended is removed', async () => {
  const home = temporaryFolder()
  const sites = sitesOf(home)
  await sites.join()
  writeFileSync(join(home, 'postgres.sites', 'dead.site'), ownerThatDied)
  writeFileSync(join(home, 'postgres.sites', 'other.txt'), '')
  expect(await sites.elsewhere(await clockOf(home))).toBeUndefined()
  expect(notesIn(home)).toHaveLength(2)
})

test('a site elsewhere is reported with its host and last sign of life, until it leaves or is silent', async () => {
  const home = temporaryFolder()
  const far = sitesOf(home, { place: 'far' })
  await far.join()
  let time = 0
  const near = sitesOf(home, { silentFor: 30, watch: () => time })
  const elsewhere = async () => near.elsewhere(await clockOf(home))
  expect(await elsewhere()).toEqual({ host: expect.any(String), seconds: 0 })
  await sleep(50)
  expect(await elsewhere()).toBeDefined()
  time = 19_999
  expect(await elsewhere()).toBeDefined()
  await far.join()
  time = 60_000
  expect(await elsewhere()).toBeDefined()
  await sleep(50)
  time = 80_000
  expect(await elsewhere()).toBeUndefined()
  expect(notesIn(home)).toEqual([])
  await far.join()
  expect(await elsewhere()).toBeDefined()
  expect(await far.leave()).toBe(0)
  expect(await elsewhere()).toBeUndefined()
})

test('an unreadable file proves nothing', async () => {
  const home = temporaryFolder()
  mkdirSync(join(home, 'postgres.sites'))
  writeFileSync(join(home, 'postgres.sites', 'empty.site'), '')
  expect(await sitesOf(home).elsewhere(await clockOf(home))).toEqual({ host: 'unknown', seconds: 0 })
})

test('a full disk does not prevent signs of life', async () => {
  const home = temporaryFolder()
  const sites = sitesOf(home)
  await sites.join()
  const [name = ''] = notesIn(home)
  const note = join(home, 'postgres.sites', name)
  truncateSync(note)
  chmodSync(note, 0o600)
  const before = (await changedAt(note)) ?? 0
  await sleep(20)
  await sites.join()
  expect(await changedAt(note)).toBeGreaterThan(before)
})

test('a process that ends sees at once whether another uses the server', async () => {
  const home = temporaryFolder()
  const sites = sitesOf(home)
  expect(sites.hasOthers()).toBe(false)
  await sites.join()
  writeFileSync(join(home, 'postgres.sites', 'damaged.site'), '{')
  writeFileSync(
    join(home, 'postgres.sites', 'dead.site'),
    JSON.stringify({ ...ownProcess(), process: '1:0' }),
  )
  expect(sites.hasOthers()).toBe(false)
  await sitesOf(home, { place: 'far' }).join()
  expect(sites.hasOthers()).toBe(false)
  writeFileSync(join(home, 'postgres.sites', 'other.site'), JSON.stringify(ownProcess()))
  expect(sites.hasOthers()).toBe(true)
})
