import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { fail, messageOf, ok, type Result } from '../lib/base/result.ts'
import { type Config, describeConfigFaults, readConfig, settingExamples } from '../lib/settings/config.ts'

const file = '.env'

/** Settings as the environment has them. */
export type Settings = Record<string, string | undefined>

/** Names of ours, for a site that has these settings for something else. */
const ownNames = { PROMO_DATABASE_URL: 'DATABASE_URL', PROMO_SITE_URL: 'SITE_URL' }

/** The settings from the environment and `.env`; where they do not hold, names all faults and ends the process. */
export function loadConfig(): Config {
  const config = readSettings()
  if (existsSync(file)) process.loadEnvFile(file)
  return config
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
  const read = readEnvFile()
  if (!read.ok) return read
  const given: Settings = { ...defaults, ...read.value, ...process.env }
  for (const [own, name] of Object.entries(ownNames)) if (given[own]) given[name] = given[own]
  const config = readConfig(given)
  if (config.ok) return config
  const shared = Object.entries(ownNames)
    .filter(([, name]) => config.fault.some(({ setting }) => setting === name))
    .map(([own, name]) => `If ${name} is another program's, set ${own}: it takes precedence over ${name}.`)
  return fail({ message: [describeConfigFaults(config.fault), ...shared].join('\n') })
}

/** Names that look like settings of ours and are none, such as misspelled ones. */
export function unknownSettings(): string[] {
  const read = readEnvFile()
  return Object.keys({ ...(read.ok && read.value), ...process.env }).filter(
    (name) => name.startsWith('PROMO_') && !(name in settingExamples) && !(name in ownNames),
  )
}

/** Faults name the file and the line, but nothing of what is in it: a value may be a secret. */
function readEnvFile(): Result<Settings, { message: string }> {
  if (!existsSync(file)) return ok({})
  try {
    // Some editors begin a file with a byte order mark, which would become part of the first name.
    const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '')
    const faults = ignoredLines(text).map(
      (line) => `  line ${line} has no "=" after a name: write NAME=value, or "#" before a comment`,
    )
    return faults.length === 0
      ? ok(parseEnv(text))
      : fail({ message: [`${resolve(file)} is not valid:`, ...faults].join('\n') })
  } catch (error) {
    const remedy = `make it a file with lines NAME=value that the site's user may read, or remove it`
    return fail({ message: `${resolve(file)} cannot be read (${messageOf(error)}): ${remedy}` })
  }
}

/** Numbers of the lines that would be ignored, though they are neither empty nor comments. */
function ignoredLines(text: string): number[] {
  const lines = text.split('\n')
  return lines.flatMap((line, index) => {
    const [said = ''] = line.trim().split('#')
    if (said === '' || said.indexOf('=') > 0) return []
    // It may belong to a value in quotes that has several lines: then a name before it is none.
    return probe in parseEnv(lines.toSpliced(index, 0, `${probe}=`).join('\n')) ? [index + 1] : []
  })
}

const probe = 'name_of_no_setting'
