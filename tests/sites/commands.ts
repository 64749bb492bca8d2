import { execFile } from 'node:child_process'
import { patience } from '../support/patience.ts'

/**
 * What an owner's own shell has: nothing of npm's or the test runner's, which both would change how a site is
 * built.
 */
export const shellEnvironment: Record<string, string | undefined> = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !/^(npm_(?!config_registry)|NODE_(?!EXTRA_CA_CERTS)|VITEST|TEST|MODE$|DEV$|PROD$|SSR$|BASE_URL$|CLOCK_)/.test(
          name,
        ),
    ),
  ),
  PATH: `${new URL('../../node_modules/.bin', import.meta.url).pathname}:${process.env.PATH}`,
  ASTRO_TELEMETRY_DISABLED: '1',
  CI: '1',
  NO_COLOR: '1',
}

/** Runs a command line as its owner types it; answers all that it prints, and rejects with that where it fails. */
export const run = (folder: string, command: string, env: Record<string, string> = {}): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(
      'sh',
      ['-c', command],
      { cwd: folder, env: { ...shellEnvironment, ...env }, maxBuffer: 2 ** 26, timeout: 5 * patience },
      (error, stdout, stderr) => {
        if (error) reject(new Error(`"${command}" failed in ${folder}:\n${stdout}\n${stderr}`))
        else resolve(`${stdout}${stderr}`)
      },
    )
  })
