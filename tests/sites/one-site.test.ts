import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { buildIn, writeAstroSite } from '../support/astro-site.ts'
import { describeSite } from './cases.ts'
import { run } from './commands.ts'
import { addLine, readOutput } from './folder.ts'
import { recordBare, runSite } from './open-site.ts'
import { describePackage } from './package.ts'
import { noSteps } from './put-in.ts'
import { sites } from './sites.ts'

const folder = writeAstroSite({})
const place = join(folder, 'node_modules/promo-tracking')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A site with pages of each kind, on the packages that this project has: nothing comes from the network. */
for (const site of sites.filter(({ name }) => name === 'own-slug-prerendered'))
  describeSite(site, async () => {
    const packed = run('.', 'node src/packaging/make-package.ts')
    cpSync(join(import.meta.dirname, site.name), folder, { recursive: true })
    // Caches of this project are no site's.
    for (const name of ['promo-tracking', '.astro', '.vite'])
      rmSync(join(folder, 'node_modules', name), { recursive: true, force: true })
    await buildIn(folder)
    const before = { output: readOutput(folder, site), answers: await recordBare(site, folder), checked: '' }

    const [tarball = ''] = (await packed).split('  ')
    mkdirSync(place)
    execFileSync('tar', ['-xzf', tarball, '-C', place, '--strip-components=1'])
    addLine(folder)
    await buildIn(folder)
    const promo = 'node node_modules/promo-tracking/dist/cli/promo.js'
    return runSite(site, { folder, promo, before, steps: noSteps() })
  })

describePackage(place)
