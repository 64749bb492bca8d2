import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { astro } from '../support/astro-site.ts'
import { processEnvironment } from '../support/environment.ts'

/** A landed version of this repository. */
export type Version = {
  revision: string
  subject: string
  migrations: number
  /**
   * A migration that was written anew after this version, before there were sites: its tables are none of any
   * later one.
   */
  rewritten: string | undefined
}

export type BuiltVersion = { program: string; remove: () => void }

const git = (...args: string[]): string =>
  execFileSync('git', args, { encoding: 'utf8', maxBuffer: 2 ** 30, stdio: ['ignore', 'pipe', 'ignore'] })

/** The migrations of a version, and what is in each. */
const migrationsOf = (revision: string): Map<string, string> =>
  new Map(
    git('ls-tree', revision, 'db/migrations/')
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(/\s+/))
      .map(([, , content = '', path = '']) => [path, content]),
  )

function versionOf(revision: string): Version {
  const [short = '', subject = ''] = git('log', '-1', '--format=%h%n%s', revision).split('\n')
  const [own, latest] = [migrationsOf(revision), migrationsOf('HEAD')]
  const rewritten = [...own].find(([path, content]) => latest.get(path) !== content)?.[0]
  return { revision: short, subject, migrations: own.size, rewritten }
}

const isWhole = (): boolean => {
  try {
    return git('rev-parse', '--is-shallow-repository').trim() === 'false'
  } catch {
    return false
  }
}

/** Those that added or changed a migration, oldest first. */
const changes: string[] = isWhole()
  ? git('log', '--reverse', '--diff-filter=AM', '--format=%H', '--', 'db/migrations')
      .split('\n')
      .filter(Boolean)
  : []

/** Every version that changed the tables; none where there is no whole history, as in an archive of the files. */
export const versions: Version[] = changes.map(versionOf)

/** The last version before the newest migration. */
export const former: Version | undefined = changes.length > 1 ? versionOf(`${changes.at(-1)}~1`) : undefined

/** Exports a version and builds it with today's packages; `undefined` where these no longer do for it. */
export function buildVersion({ revision }: Version): BuiltVersion | undefined {
  const folder = mkdtempSync(join(tmpdir(), `promo-${revision}-`))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  const archive = execFileSync('git', ['archive', revision], { maxBuffer: 2 ** 30 })
  execFileSync('tar', ['-x', '-C', folder], { input: archive })
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
  try {
    const env = { ...processEnvironment, HOME: folder, ASTRO_TELEMETRY_DISABLED: '1' }
    const build = (...options: string[]) =>
      execFileSync(process.execPath, [astro, 'build', ...options], { cwd: folder, env, stdio: 'ignore' })
    const has = (path: string) => existsSync(join(folder, path))
    const own = 'src/pages.config.mjs'
    if (has(own)) build('--config', own)
    build()
    const server = has('src/server.ts') ? 'src/server.ts' : 'src/server/start.ts'
    return { program: join(folder, has(own) ? 'dist/server/entry.mjs' : server), remove }
  } catch {
    remove()
    return undefined
  }
}
