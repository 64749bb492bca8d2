import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { run } from './commands.ts'
import { prepareFolder } from './folder.ts'
import { startRegistry } from './local-registry.ts'
import { findTarball } from './open-site.ts'
import { build } from './put-in.ts'
import { sites } from './sites.ts'

// Packing, installing and building take as long as the machine lets them, as in the hooks of the other sites.
test('"astro add" installs the package and writes the line', async () => {
  const registry = await startRegistry(await findTarball())
  onTestFinished(registry.close)
  const site = sites.find(({ name }) => name === 'own-slug-server')
  if (!site) throw new Error('there is no such site')
  const folder = await prepareFolder(site)
  await run(folder, 'npx astro add promo-tracking --yes', { npm_config_registry: registry.url })
  const config = readFileSync(join(folder, 'astro.config.mjs'), 'utf8')
  expect(config).toMatch(/import promoTracking from ['"]promo-tracking['"]/)
  expect(config).toMatch(/integrations: \[promoTracking\(\)\]/)
  await build(folder)
  expect(existsSync(join(folder, 'dist/server/promo-tracking.json'))).toBe(true)
})
