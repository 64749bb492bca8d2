import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { astro, copyRepository } from '../support/astro-site.ts'
import { createTestDatabase, findDrift, insertPromos } from '../support/database.ts'
import { processEnvironment } from '../support/environment.ts'
import { steadyPort } from '../support/steady-port.ts'

const edits = 8

/** Answers how often the library has been edited. */
const page = "import { edit } from '../../lib/app.ts'\nexport const GET = () => new Response(String(edit))\n"

test('astro dev has one app, however often the library is edited, and closes it at the end', async () => {
  const tested = await createTestDatabase()
  await insertPromos(tested.sql)
  const folder = copyRepository({ 'src/sample-site/pages/edit.ts': page })
  const app = join(folder, 'src/lib/app.ts')
  appendFileSync(app, '\nexport const edit: number = 0\n')
  const port = await steadyPort()
  const development = spawn(process.execPath, [astro, 'dev', '--port', `${port}`], {
    cwd: folder,
    env: {
      ...processEnvironment,
      HOME: folder,
      ASTRO_TELEMETRY_DISABLED: '1',
      DATABASE_URL: tested.url,
      PROMO_DATA_DIR: join(folder, '.data'),
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let log = ''
  development.stdout.on('data', (text) => {
    log += text
  })
  const ask = (path: string) =>
    fetch(`http://localhost:${port}${path}`, {
      redirect: 'manual',
      headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0' },
    })
  const shown = () =>
    ask('/edit').then(
      (answer) => answer.text(),
      () => 'nothing',
    )
  const connections = async () => {
    const [{ count } = { count: 0 }] = await tested.sql<{ count: number }[]>`
      select count(*)::integer as count from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()
    `
    return count
  }

  await expect.poll(shown).toBe('0')
  expect(log).toContain('"fast_path":false')
  const before = await connections()
  const counts: number[] = []
  for (let edit = 1; edit <= edits; edit += 1) {
    expect((await ask('/nocodemba?promo_var=42')).status).toBe(307)
    writeFileSync(app, readFileSync(app, 'utf8').replace(/number = \d+/, `number = ${edit}`))
    await expect.poll(shown).toBe(String(edit))
    counts.push(await connections())
  }
  // A connection more or less is one that a question of the moment has opened.
  expect(Math.max(...counts)).toBeLessThanOrEqual(before + 2)

  const ended = once(development, 'exit')
  development.kill('SIGTERM')
  await ended
  const [clicks] = await tested.sql`select count(*)::integer as count from promo_click_tracking`
  expect(clicks).toEqual({ count: edits })
  expect(await findDrift(tested.sql)).toEqual([])
  await tested.drop()
  rmSync(folder, { recursive: true, force: true })
})
