import { existsSync } from 'node:fs'
import { type Config, describeConfigFaults, readConfig } from './lib/config.ts'

/** The settings from the environment and `.env`; where they do not hold, says all that is wrong and ends the process. */
export function loadConfig(): Config {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const config = readConfig(process.env)
  if (config.ok) return config.value
  process.stderr.write(`${describeConfigFaults(config.fault)}\n`)
  process.exit(1)
}
