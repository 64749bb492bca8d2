import { afterAll, beforeAll } from 'vitest'
import { describeSite } from './cases.ts'
import { findTarball, openSite } from './open-site.ts'
import { sites } from './sites.ts'

const chosen = process.env.PROMO_SITES?.split(',')
const unknown = chosen?.filter((one) => !sites.some(({ name }) => name === one)) ?? []
if (unknown.length > 0)
  throw new Error(`PROMO_SITES names no site of ours: ${unknown}; there are ${sites.map(({ name }) => name)}`)
const told: string[] = []
let tarball: string
beforeAll(async () => {
  tarball = await findTarball()
})
afterAll(() => console.log(told.join('\n')))

for (const site of sites.filter(({ name }) => !chosen || chosen.includes(name))) {
  const open = async () => {
    const opened = await openSite(site, tarball)
    const { commands, seconds } = opened.steps
    told.push(`${site.name}: ${commands.length} command(s), one line, ${seconds.toFixed(1)} s`)
    return opened
  }
  describeSite(site, open, site.program === 'server.mjs' ? ['dev'] : ['dev', 'preview'])
}
