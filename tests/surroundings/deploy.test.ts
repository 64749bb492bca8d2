import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import * as v from 'valibot'
import { expect } from 'vitest'
import { parse } from 'yaml'
import { readConfig, settingExamples } from '../../src/lib/settings/config.ts'
import { test } from '../crash/fixture.ts'
import { waitFor } from '../support/wait.ts'

const read = (file: string): string => readFileSync(join('src/deploy', file), 'utf8')

/** Runs a command of one of the files as a machine would that has nothing but Node; answers where it listens. */
async function run(command: readonly string[], environment: Record<string, string>) {
  const [program = '', ...args] = command
  const env = { PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`, ...environment }
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let told = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      told += text
    })
  const url = await waitFor(() => {
    if (child.exitCode !== null) throw new Error(told)
    return /"url":"(http:[^"]+)".*"listening"/.exec(told)?.[1] ?? Promise.reject(new Error(told))
  })
  return { child, url, port: new URL(url).port, told: () => told }
}

const health = async (url: string): Promise<number> =>
  (await fetch(`${url.replace('0.0.0.0', '127.0.0.1')}/api/v1/promo/health/live`)).status

test('the unit starts, reloads and stops the site', async ({ database, dataDir }) => {
  const lines = read('promo.service').split('\n')
  const valuesOf = (name: string) =>
    lines.filter((line) => line.startsWith(`${name}=`)).map((line) => line.slice(name.length + 1))
  const [command = ''] = valuesOf('ExecStart')
  const own = Object.fromEntries(
    valuesOf('Environment').flatMap((all) => all.split(' ').map((one) => one.split('='))),
  )
  const site = await run(command.replaceAll('/srv/promo', resolve('.')).split(' '), {
    ...own,
    PORT: '0',
    PROMO_DATA_DIR: dataDir,
    DATABASE_URL: database.url,
  })
  expect(await health(site.url)).toBe(200)
  const [reload] = valuesOf('ExecReload')
  expect(reload).toBe('/bin/kill -USR2 $MAINPID')
  // With one process there is nobody to replace it, and it goes on.
  site.child.kill('SIGUSR2')
  await waitFor(() => expect(site.told()).toContain('PROMO_WORKERS=2'))
  expect(await health(site.url)).toBe(200)
  site.child.kill('SIGTERM')
  expect((await once(site.child, 'exit'))[0]).toBe(0)
  expect(Number(valuesOf('TimeoutStopSec')[0])).toBeGreaterThan(10)
  expect(own.PROMO_DATA_DIR).toBe(`/var/lib/${valuesOf('StateDirectory')[0]}`)
})

test('systemd finds nothing wrong with the unit', ({ skip }) => {
  skip(spawnSync('systemd-analyze', ['--version']).status !== 0, 'systemd is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'promo-unit-'))
  const file = join(folder, 'promo.service')
  writeFileSync(file, read('promo.service').replaceAll('/srv/promo', resolve('.')))
  const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' })
  rmSync(folder, { recursive: true })
  const own = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('promo.service'))
  expect(own).toEqual([])
})

/** Each instruction of a Dockerfile with what follows, lines that go on put together. */
const instructions = read('Dockerfile')
  .replace(/^#.*$/gm, '')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => ({ name: line.split(' ')[0] ?? '', rest: line.slice(line.indexOf(' ') + 1) }))

const commandOf = (name: string): string[] => {
  const { rest = '' } = instructions.findLast((one) => one.name === name) ?? {}
  return v.parse(v.array(v.string()), JSON.parse(rest.slice(rest.indexOf('['))))
}

test('the image starts the site, and its health check shows whether it runs', async ({
  database,
  dataDir,
}) => {
  const copied = instructions.filter(({ name, rest }) => name === 'COPY' && !rest.startsWith('--from'))
  const sources = copied.flatMap(({ rest }) => rest.split(' ').slice(0, -1))
  for (const source of sources) expect(existsSync(source), source).toBe(true)
  expect(read('Dockerfile.dockerignore').split('\n')).toEqual(
    expect.arrayContaining(['.env', 'node_modules', '.data']),
  )
  const own = Object.fromEntries(
    instructions
      .filter(({ name }) => name === 'ENV')
      .flatMap(({ rest }) => rest.split(' ').map((one) => one.split('='))),
  )
  expect(instructions.find(({ name }) => name === 'VOLUME')?.rest).toBe(own.PROMO_DATA_DIR)
  const environment = { ...own, PORT: '0', PROMO_DATA_DIR: dataDir, DATABASE_URL: database.url }
  const site = await run(commandOf('CMD'), environment)
  expect(site.url).toMatch(/^http:\/\/0\.0\.0\.0:/)
  const [program = '', ...args] = commandOf('HEALTHCHECK')
  const check = () =>
    spawnSync(program, args, {
      env: { PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`, PORT: site.port },
    }).status
  expect(check()).toBe(0)
  site.child.kill('SIGTERM')
  expect((await once(site.child, 'exit'))[0]).toBe(0)
  expect(check()).toBe(1)
})

const composeSchema = v.object({
  services: v.object({
    site: v.object({
      build: v.object({ context: v.string(), dockerfile: v.string() }),
      stop_grace_period: v.string(),
      environment: v.record(v.string(), v.string()),
      volumes: v.array(v.string()),
      ports: v.array(v.string()),
    }),
    database: v.object({ environment: v.record(v.string(), v.string()) }),
  }),
  volumes: v.record(v.string(), v.null()),
  networks: v.object({
    default: v.object({ ipam: v.object({ config: v.array(v.object({ gateway: v.string() })) }) }),
  }),
})

test('the settings of the compose file are valid', () => {
  const { services, volumes, networks } = v.parse(composeSchema, parse(read('compose.yaml')))
  const { build, environment, stop_grace_period } = services.site
  expect(existsSync(join('src/deploy', build.context, build.dockerfile))).toBe(true)
  expect(Object.keys(environment).filter((name) => !(name in settingExamples))).toEqual([])
  const given = Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      value.replace(/\$\{\w+:\?\}/g, 'a'.repeat(32)),
    ]),
  )
  const config = readConfig(given)
  expect(config).toMatchObject({ ok: true, value: { PROMO_WORKERS: 2 } })
  expect(environment.PROMO_TRUSTED_PROXIES).toBe(networks.default.ipam.config[0]?.gateway)
  expect(Number.parseInt(stop_grace_period, 10)).toBeGreaterThan(10)
  expect(services.site.ports).toEqual(['127.0.0.1:4321:4321'])
  expect(services.site.volumes).toEqual(['site:/data'])
  expect(Object.keys(volumes)).toEqual(['site', 'database'])
  const { POSTGRES_USER, POSTGRES_DB } = services.database.environment
  expect(environment.DATABASE_URL).toMatch(new RegExp(`//${POSTGRES_USER}:.*@database:5432/${POSTGRES_DB}$`))
})
