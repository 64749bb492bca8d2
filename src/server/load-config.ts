import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { type Config, describeConfigFaults, readConfig } from '../lib/settings/config.ts'

const file = '.env'

/** The settings from the environment and `.env`; where they do not hold, names all faults and ends the process. */
export function loadConfig(): Config {
  if (existsSync(file)) process.loadEnvFile(file)
  return readSettings()
}

/** The same, with an environment that stays as it is: processes that inherit it later read `.env` anew. */
export function readSettings(): Config {
  const inFile = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}
  const config = readConfig({ ...inFile, ...process.env })
  if (config.ok) return config.value
  process.stderr.write(`${describeConfigFaults(config.fault)}\n`)
  process.exit(1)
}
