import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { type Config, describeConfigFaults, readConfig } from '../lib/settings/config.ts'

const file = '.env'

/** Names of ours, for a site that has these settings for something else. */
const ownNames = { PROMO_DATABASE_URL: 'DATABASE_URL', PROMO_SITE_URL: 'SITE_URL' }

/** The settings from the environment and `.env`; where they do not hold, names all faults and ends the process. */
export function loadConfig(): Config {
  if (existsSync(file)) process.loadEnvFile(file)
  return readSettings()
}

/**
 * The same without changing the environment: processes that inherit it later read `.env` again, and a site's own code
 * finds what it found without us.
 */
export function readSettings(defaults: Record<string, string | undefined> = {}): Config {
  const inFile = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}
  const given = { ...defaults, ...inFile, ...process.env }
  for (const [own, name] of Object.entries(ownNames)) if (given[own] !== undefined) given[name] = given[own]
  const config = readConfig(given)
  if (config.ok) return config.value
  process.stderr.write(`${describeConfigFaults(config.fault)}\n`)
  for (const [own, name] of Object.entries(ownNames))
    if (config.fault.some(({ setting }) => setting === name))
      process.stderr.write(`If ${name} is another program's, set ${own}: it goes before ${name}.\n`)
  process.exit(1)
}
