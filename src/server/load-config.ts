import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { fail, type Result } from '../lib/base/result.ts'
import { type Config, describeConfigFaults, readConfig, settingExamples } from '../lib/settings/config.ts'

const file = '.env'

/** Settings as the environment has them. */
export type Settings = Record<string, string | undefined>

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
export function readSettings(defaults: Settings = {}): Config {
  const config = readGiven(defaults)
  if (config.ok) return config.value
  process.stderr.write(`${config.fault.message}\n`)
  process.exit(1)
}

/** The same for a process that can go on without them: the fault names all settings that do not hold. */
export function readGiven(defaults: Settings = {}): Result<Config, { message: string }> {
  const given: Settings = { ...defaults, ...readEnvFile(), ...process.env }
  for (const [own, name] of Object.entries(ownNames)) if (given[own]) given[name] = given[own]
  const config = readConfig(given)
  if (config.ok) return config
  const shared = Object.entries(ownNames)
    .filter(([, name]) => config.fault.some(({ setting }) => setting === name))
    .map(([own, name]) => `If ${name} is another program's, set ${own}: it takes precedence over ${name}.`)
  return fail({ message: [describeConfigFaults(config.fault), ...shared].join('\n') })
}

/** Names that look like settings of ours and are none, such as misspelled ones. */
export const unknownSettings = (): string[] =>
  Object.keys({ ...readEnvFile(), ...process.env }).filter(
    (name) => name.startsWith('PROMO_') && !(name in settingExamples) && !(name in ownNames),
  )

/** Some editors begin a file with a byte order mark, which would become part of the first name. */
const readEnvFile = (): Settings =>
  existsSync(file) ? parseEnv(readFileSync(file, 'utf8').replace(/^\uFEFF/, '')) : {}
