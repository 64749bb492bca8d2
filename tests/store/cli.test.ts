import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { verifyPassword } from '../../src/lib/auth/password.ts'
import { createQueue } from '../../src/lib/base/queue.ts'
import { damagedFile } from '../../src/lib/buffer/damaged.ts'
import { joinInstances } from '../../src/lib/buffer/instances.ts'
import { encodeRecord } from '../../src/lib/buffer/record.ts'
import { createRejects, rejectsFile } from '../../src/lib/buffer/rejects.ts'
import { migrate } from '../../src/lib/database/migrate.ts'
import type { TrackingEvent } from '../../src/lib/model/event.ts'
import { settleClicks } from '../../src/lib/store/settlement.ts'
import { createTestDatabase, findDrift, insertPromos, type TestDatabase } from '../support/database.ts'
import { processEnvironment } from '../support/environment.ts'
import { aClick, anImpression, aSurplus } from '../support/events.ts'
import { ownerThatDied } from '../support/folders.ts'

const program = resolve('src/cli/promo.ts')

let tested: TestDatabase
let folder = ''

beforeAll(async () => {
  tested = await createTestDatabase()
  await insertPromos(tested.sql)
  folder = mkdtempSync(join(tmpdir(), 'promo-cli-'))
  // PostgreSQL's own user has to enter it where root runs the tests.
  chmodSync(folder, 0o711)
})

afterAll(async () => {
  await tested?.drop()
  rmSync(folder, { recursive: true, force: true })
})

type Ran = { code: number; out: string; err: string }

/** Runs a command as a process of its own, in a folder without an `.env`, beside the connections of this one. */
async function promo(
  args: string[],
  options: { input?: string; settings?: Record<string, string> } = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    env: {
      ...processEnvironment,
      DATABASE_URL: tested.url,
      PROMO_DATA_DIR: join(folder, 'data'),
      ...options.settings,
    },
  })
  child.stdin.end(options.input ?? '')
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode ?? -1, out, err }
}

/** The same in this process, for what is answered before a command begins its work. */
async function called(args: string[]): Promise<Ran> {
  const ran: Ran = { code: -1, out: '', err: '' }
  const write = (stream: 'out' | 'err') => (text: string) => {
    ran[stream] += text
  }
  ran.code = await main(args, { out: write('out'), err: write('err') })
  return ran
}

const names = (
  'migrate seed import import-conversions token editor explain networks recipients mautic-recipients mautic-map ' +
  'replay postback-secret purge selftest webhook'
).split(' ')

test('the version is that of the package', async () => {
  const { version }: { version: string } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(await promo(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' })
})

describe('help', () => {
  test('the overview names every command', async () => {
    const [asked, unasked] = [await promo(['--help']), await promo([])]
    expect(asked).toMatchObject({ code: 0, err: '' })
    expect(unasked).toEqual({ code: 2, out: '', err: asked.out })
    expect(Array.from(asked.out.matchAll(/^ {2}([\w-]+) /gm), ([, name]) => name)).toEqual(names)
  })

  test('of a command works even with invalid settings', async () => {
    const asked = await promo(['import', '--help'], { settings: { DATABASE_URL: 'nonsense' } })
    expect(asked).toEqual(await called(['import', '--help']))
  })

  test.each(names)('"%s --help" says what it does, with an example', async (name) => {
    const { code, out, err } = await called([name, '--help'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(new RegExp(`^npm run promo -- ${name}( |$)`, 'm'))
    expect(out).toMatch(new RegExp(`Examples?:\n  .*npm run .*promo -- ${name}`))
  })
})

test('a command loads no other, which would take longer than itself', async () => {
  const told = `import { writeSync } from 'node:fs'; import { registerHooks } from 'node:module'
    registerHooks({ load: (url, context, next) => (writeSync(2, url + '\\n'), next(url, context)) })`
  const settings = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(told)}` }
  const { code, err } = await promo(['token', '--help'], { settings })
  const loaded = Array.from(err.matchAll(/src\/cli\/([\w-]+)\.ts/g), ([, name = '']) => name)
  expect({ code, loaded: loaded.filter((name) => names.includes(name)) }).toEqual({
    code: 0,
    loaded: ['token'],
  })
})

describe('a wrong call is named, with exit code 2', () => {
  test('in the program and in its main function', async () => {
    expect(await promo(['import'])).toEqual(await called(['import']))
  })

  test.each<[string[], string]>([
    [['frobnicate'], 'there is no command "frobnicate"'],
    [['import'], 'FILE is missing'],
    [['import', 'a.json', 'b.json'], '"b.json" is one argument too many'],
    [['import', 'a.json', '--dry'], "Unknown option '--dry'"],
    [['migrate', 'now'], '"now" is one argument too many'],
    [['token', '--expires'], "Option '--expires <value>' argument missing"],
    [
      ['token', '--expires', '1y'],
      '--expires: "1y" is not a lifetime from 1s to 366d, such as 30m, 1h or 7d',
    ],
    [['token', '--subject', ' '], '--subject must have 1 to 200 characters'],
    [['editor'], 'add, list, remove or renew-sessions is missing'],
    [['editor', 'rename'], '"rename" is not add, list, remove or renew-sessions'],
    [['editor', 'add'], 'NAME is missing'],
    [['editor', 'add', '\u0007'], 'The name must have 1 to 100 printable characters'],
    [
      ['selftest', '--url', 'example.com'],
      '--url: "example.com" is not a URL such as https://www.example.com',
    ],
    [['selftest', '--wait', '0'], '--wait: "0" is not a whole number of seconds from 1 to 600'],
    [['selftest', '--wait', '601'], '--wait: "601" is not a whole number of seconds from 1 to 600'],
    [['networks', 'find'], '"find" is neither check nor check-file'],
    [['networks', 'check'], 'ADDRESS is missing'],
    [['networks', 'check', 'mail.example'], '"mail.example" is no IPv4 or IPv6 address'],
    [['networks', 'check-file'], 'FILE is missing'],
    [['networks', '--all'], "Unknown option '--all'"],
    [['purge', '--dry-run', '--clock-is-right'], '--dry-run removes nothing'],
    [['purge', '--dry-run=yes'], "Option '--dry-run' does not take an argument"],
  ])('%j: %s', async (args, message) => {
    const { code, out, err } = await called(args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(message)
    expect(err).toMatch(/--help" (for|says)|See "npm run promo -- \w+ --help"/)
  })
})

describe('import', () => {
  test('works next to a running site, and names what it did', async () => {
    const file = resolve('db/sample.json')
    const dry = await promo(['import', file, '--dry-run'])
    expect(dry).toMatchObject({ code: 0, err: '' })
    expect(dry.out).toMatch(
      /^~ link \/nocodemba: destination_url ".*" → "https:\/\/www.example.com\/no-code-mba"/,
    )
    expect(dry.out).toContain('+ offer "Quietdesk - Meeting Notes Without a Bot in the Room"\n')
    expect(await tested.sql`select count(*)::integer from promo_offers`).toEqual([{ count: 3 }])
    const done = await promo(['import', file])
    expect(done).toMatchObject({ code: 0, err: '' })
    expect(dry.out.endsWith(`dry run, nothing is written: ${done.out}`)).toBe(true)
    expect(await tested.sql`select count(*)::integer from promo_offers`).toEqual([{ count: 9 }])
  })

  test('knows the pages of the built site, and what its paths begin with', async () => {
    const server = join(folder, 'dist', 'server')
    mkdirSync(server, { recursive: true })
    const site = { base: '/news', prefix: '', pages: ['nocodemba'], anyWord: '/[story]', strict: false }
    writeFileSync(join(server, 'promo-tracking.json'), JSON.stringify(site))
    const settings = { SITE_URL: 'https://site.example' }
    const { code, out } = await promo(['import', resolve('db/sample.json'), '--dry-run'], { settings })
    expect(code).toBe(0)
    expect(out).toContain('warning: a page of the site comes before the link /nocodemba;')
    expect(out).toContain('warning: links come before pages of /[story],')
    const link = { slug: 'loop', destination_url: 'https://site.example/news/loop' }
    writeFileSync(join(folder, 'loop.json'), JSON.stringify({ links: [link] }))
    const { err } = await promo(['import', 'loop.json'], { settings })
    expect(err).toContain('leads back to itself: /loop → /loop')
    rmSync(join(folder, 'dist'), { recursive: true })
  })

  test.each<[string, string | Buffer | undefined, string]>([
    ['missing.json', undefined, 'there is no such file'],
    ['empty.json', '', 'is empty'],
    ['broken.json', '{"links": [', 'is not valid JSON'],
    ['latin.json', Buffer.from([0x22, 0xe4, 0x22]), 'is not UTF-8 text'],
    ['faulty.json', '{"offers": [{"name": "x"}]}', '\n  offers[0].link_slug: is missing'],
    ['.', undefined, 'it is a folder'],
  ])('%s is refused with exit code 1', async (name, content, message) => {
    if (content !== undefined) writeFileSync(join(folder, name), content)
    const { code, out, err } = await promo(['import', name])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain(`promo import: ${name}`)
    expect(err).toContain(message)
  })
})

describe('token', () => {
  const keyOf = (secret: string) => new TextEncoder().encode(secret)

  test('is signed with the generated secret, and printed alone', async () => {
    const { code, out, err } = await promo(['token', '--subject', 'dashboard', '--expires', '7d'])
    expect(code).toBe(0)
    expect(err).toMatch(/^valid until \d{4}-/)
    const file = join(folder, 'data', 'jwt-secret')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const { payload } = await jwtVerify(out.trim(), keyOf(readFileSync(file, 'utf8').trim()))
    expect(payload.sub).toBe('dashboard')
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(604_800)
    await expect(jwtVerify(out.trim(), keyOf('x'.repeat(32)))).rejects.toThrow('signature')
  })

  test('is signed with the secret of the settings, for their issuer and audience', async () => {
    const settings = { PROMO_JWT_SECRET: 's'.repeat(32), PROMO_JWT_ISSUER: 'me', PROMO_JWT_AUDIENCE: 'you' }
    const { out } = await promo(['token'], { settings })
    const { payload } = await jwtVerify(out.trim(), keyOf('s'.repeat(32)), { issuer: 'me', audience: 'you' })
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3_600)
  })

  test('is refused if tokens come from elsewhere', async () => {
    const { code, out, err } = await promo(['token'], {
      settings: { PROMO_JWKS_URL: 'https://auth.example/keys', PROMO_JWT_ISSUER: 'auth' },
    })
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain('https://auth.example/keys')
  })
})

test('text from strangers is shown, without control characters for a terminal', async () => {
  await tested.sql`
    insert into promo_editors (name, password_hash) values (${'\u001b]0;owned\u0007\u009b31m\u202eved'}, 'none')
  `
  const shown = /^\\u001b\]0;owned\\u0007\\u009b31m\\u202eved +since/m
  expect((await promo(['editor', 'list'])).out).toMatch(shown)
  await tested.sql`delete from promo_editors`
  expect((await promo(['no\u001b[2Jthing'])).err).toContain('there is no command "no\\u001b[2Jthing"')
})

test('the secret of sessions is replaced', async () => {
  await tested.sql`insert into promo_session_secret (secret) values (${Buffer.alloc(32)})`
  expect(await promo(['editor', 'renew-sessions'])).toMatchObject({
    code: 0,
    out: 'everybody is signed out within five seconds\n',
  })
  const [kept] = await tested.sql`select secret from promo_session_secret`
  expect(kept?.secret).toHaveLength(32)
  expect(kept?.secret).not.toEqual(Buffer.alloc(32))
})

test('editors are added with a generated or a piped password, and listed', async () => {
  expect((await promo(['editor', 'list'])).out).toMatch(/^no editors yet/)
  const generated = await promo(['editor', 'add', 'Anna', '--generate'])
  expect(generated.code).toBe(0)
  const password = /^password: (.*)$/m.exec(generated.out)?.[1] ?? ''
  expect(password.length).toBeGreaterThan(20)
  expect((await promo(['editor', 'add', 'Bo'], { input: 'piped password\nmore\n' })).out).toBe(
    'added editor "Bo"\n',
  )
  const rows = await tested.sql<
    { password_hash: string }[]
  >`select password_hash from promo_editors order by name`
  expect(await verifyPassword(password, rows[0]?.password_hash ?? '')).toBe(true)
  expect(await verifyPassword('piped password', rows[1]?.password_hash ?? '')).toBe(true)
  expect((await promo(['editor', 'list'])).out).toMatch(/^Anna {2}since \d{4}-\d\d-\d\d\nBo {4}since/)
})

test('an editor of the same name or without a good password is refused, and one is removed once', async () => {
  expect(await promo(['editor', 'add', 'ANNA', '--generate'])).toMatchObject({ code: 1, out: '' })
  expect(await promo(['editor', 'add', 'Cy'], { input: 'short' })).toMatchObject({
    code: 1,
    err: expect.stringContaining('12'),
  })
  expect(await promo(['editor', 'add', 'Cy'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('no password'),
  })
  expect(await promo(['editor', 'remove', 'anna'])).toMatchObject({ code: 0, out: 'removed editor "Anna"\n' })
  expect(await promo(['editor', 'remove', 'anna'])).toMatchObject({ code: 1, out: '' })
})

describe('replay', () => {
  const journal = () => join(folder, 'data', 'journal')
  const clicksOn = async (variation: number) =>
    (await tested.sql`select event_id from promo_click_tracking where variation_id = ${variation}`).length

  test('records a reject once its variation is restored, and keeps the others', async () => {
    const rejects = createRejects(journal(), createQueue())
    const restored = aClick({ offer_id: 5, variation_id: 51, at: Date.now() })
    const gone = aClick({ offer_id: 5, variation_id: 52, at: Date.now() })
    await rejects.append(
      [restored, gone].map((event) => ({ rejected_at: 1, reason: 'variation_gone', event })),
    )
    const refused = await promo(['replay'])
    expect(refused).toMatchObject({
      code: 0,
      out:
        'replayed 2 events: 0 recorded, 2 rejected (2 variation_gone)\n2 events in ' +
        `${rejectsFile(journal())} for another replay\n`,
    })
    expect(rejects.count()).toBe(2)

    await tested.sql`insert into promo_text_variations (id, offer_id, text_content) values (51, 5, 'Restored')`
    const partly = await promo(['replay'])
    const told = /^replayed 2 events: 1 recorded, 1 rejected \(1 variation_gone\)\n1 event in /
    expect(partly).toMatchObject({ code: 0, out: expect.stringMatching(told) })
    expect(readFileSync(rejectsFile(journal()), 'utf8')).toContain(gone.event_id)
    expect(rejects.count()).toBe(1)
    expect(await clicksOn(51)).toBe(1)
    await promo(['replay'])
    expect(await clicksOn(51)).toBe(1)
    expect(await findDrift(tested.sql)).toEqual([])

    await tested.sql`insert into promo_text_variations (id, offer_id, text_content) values (52, 5, 'Restored, too')`
    expect(await promo(['replay'])).toMatchObject({ code: 0, out: 'replayed 1 event: 1 recorded\n' })
    expect(await promo(['replay'])).toMatchObject({ code: 0, out: 'nothing to replay\n' })
    expect(await clicksOn(52)).toBe(1)
    expect(await findDrift(tested.sql)).toEqual([])
  })

  test('tries damaged lines again, and keeps those that are damaged still', async () => {
    const mended = encodeRecord([aClick({ offer_id: 5, variation_id: 50, at: Date.now() })])
    writeFileSync(damagedFile(journal()), `half a line\n${mended}`)
    const before = await clicksOn(50)
    expect(await promo(['replay'])).toMatchObject({ out: 'replayed 1 event: 1 recorded\n' })
    expect(await clicksOn(50)).toBe(before + 1)
    expect(readFileSync(damagedFile(journal()), 'utf8')).toBe('half a line\n')
    rmSync(damagedFile(journal()))
  })

  test('records the journal of an instance that is gone, but not that of a live one', async () => {
    const live = joinInstances(journal())
    await live.beat()
    const write = (instance: string, lines: string) =>
      writeFileSync(
        join(journal(), `${String(Date.now()).padStart(15, '0')}-000000.${instance}.journal`),
        lines,
      )
    const at = Date.now()
    write(live.id, encodeRecord([aClick({ variation_id: 43, at })]))
    write('deadbeef', `${encodeRecord([aClick({ variation_id: 44, at })])}half a li`)
    writeFileSync(join(journal(), 'deadbeef.owner'), ownerThatDied)
    const { code, out, err } = await promo(['replay'])
    expect({ code, out }).toEqual({ code: 0, out: 'replayed 1 event: 1 recorded\n' })
    expect(err).toContain('1 line of the journal could not be read')
    expect(readFileSync(damagedFile(journal()), 'utf8')).toBe('half a li\n')
    expect(await clicksOn(44)).toBe(1)
    expect(await clicksOn(43)).toBe(0)
    expect(readdirSync(journal()).filter((name) => name.endsWith('.journal'))).toEqual([
      expect.stringContaining(live.id),
    ])
    await live.leave()
  })

  test('records the journal of a dead machine once somebody says that it is gone', async () => {
    const clicks = Array.from({ length: 300 }, () => aClick({ variation_id: 43, at: Date.now() }))
    const segment = join(journal(), '000000000000001-000000.faraway1.journal')
    writeFileSync(segment, clicks.map((click) => encodeRecord([click])).join(''))
    const owner = { host: 'dead-machine', process: '1:1', place: 'dead-machine' }
    writeFileSync(join(journal(), 'faraway1.owner'), JSON.stringify(owner))
    expect(await promo(['replay'])).toMatchObject({
      code: 0,
      out: 'nothing replayed\n',
      err: expect.stringMatching(/1 segment .* may have a writer on another machine.*promo replay --gone/),
    })
    expect(await clicksOn(43)).toBe(0)
    expect(await promo(['replay', '--gone'])).toMatchObject({
      code: 0,
      out: 'replayed 300 events: 300 recorded\n',
    })
    expect(await clicksOn(43)).toBe(300)
    expect(existsSync(segment)).toBe(false)
    expect(await findDrift(tested.sql)).toEqual([])
  })

  test('records what is left on the disk of an instance that is gone for good', async () => {
    const disk = join(folder, 'old-disk')
    mkdirSync(join(disk, 'journal'), { recursive: true })
    const owner = { host: 'dead-machine', process: '1:1', place: 'dead-machine' }
    writeFileSync(join(disk, 'journal', 'faraway2.owner'), JSON.stringify(owner))
    const click = aClick({ variation_id: 43, at: Date.now() })
    writeFileSync(join(disk, 'journal', '000000000000001-000000.faraway2.journal'), encodeRecord([click]))
    expect(await promo(['replay', disk])).toMatchObject({ code: 0, out: 'replayed 1 event: 1 recorded\n' })
    expect(await promo(['replay', disk])).toMatchObject({ code: 0, out: 'nothing to replay\n' })
    expect(await promo(['replay', join(disk, 'nowhere')])).toMatchObject({
      code: 1,
      err: expect.stringContaining('name the folder that was PROMO_DATA_DIR'),
    })
    expect(await promo(['replay', disk, 'more'])).toMatchObject({ code: 2 })
  })

  test('distinguishes new, known and rejected events, by reason', async () => {
    const at = Date.now()
    const keyed = () => aClick({ variation_id: 44, at, caller_key: true })
    const there = [aClick({ variation_id: 44, at }), keyed()]
    const other = keyed()
    const sent = anImpression({ newsletter_send_id: 'told', recipients: 5, at })
    const kept = [...there, sent, anImpression({ at }), aSurplus({ variation_id: 44, at, clicks: 7 })]
    const write = (events: TrackingEvent[]) =>
      writeFileSync(join(journal(), '000000000000001-000000.deadbeef.journal'), encodeRecord(events))
    writeFileSync(join(journal(), 'deadbeef.owner'), ownerThatDied)
    write([...kept, other])
    expect((await promo(['replay'])).out).toBe('replayed 6 events: 6 recorded\n')

    writeFileSync(join(journal(), 'deadbeef.owner'), ownerThatDied)
    const fresh = aClick({ variation_id: 44, at })
    write([
      ...kept,
      { ...sent, event_id: fresh.event_id.replace(/^./, 'f'), at: at - 1 },
      { ...other, user_agent: 'another' },
      fresh,
      fresh,
      ...[1, 2].map(() => aClick({ offer_id: null, slug: 'nocodemba', variation_id: 4_711, at })),
      aClick({ offer_id: null, slug: 'course', variation_id: 44, at }),
      { ...sent, recipients: 6, at: at + 1, event_id: fresh.event_id.replace(/^./, 'e') },
    ])
    const { code, out } = await promo(['replay'])
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringContaining(
        'replayed 13 events: 2 recorded, 7 already there, ' +
          '4 rejected (2 unknown_variation, 1 other_slug, 1 event_id_reused)\n',
      ),
    })
    rmSync(rejectsFile(journal()))
    expect(await findDrift(tested.sql)).toEqual([])
  })

  test('an event that the database refuses for another reason is reported as refused', async () => {
    writeFileSync(join(journal(), 'deadbeef.owner'), ownerThatDied)
    const bad = aClick({ variation_id: 44, at: Date.now(), rules_version: 99_999 })
    writeFileSync(
      join(journal(), '000000000000001-000000.deadbeef.journal'),
      encodeRecord([bad, aClick({ variation_id: 44, at: Date.now() })]),
    )
    expect((await promo(['replay'])).out).toMatch(
      /^replayed 2 events: 1 recorded, 1 rejected \(1 refused\)\n1 event/,
    )
    rmSync(rejectsFile(journal()))
  })

  test('keeps reject lines that cannot be read', async () => {
    const event = anImpression({ at: Date.now(), newsletter_send_id: 'late' })
    const line = JSON.stringify({ rejected_at: 1, reason: 'variation_gone', event })
    writeFileSync(rejectsFile(journal()), `${line}\n{"rejec`)
    const { code, out, err } = await promo(['replay'])
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^replayed \d/) })
    expect(err).toContain('could not be read')
    const kept = readdirSync(journal()).filter((name) => name.includes('ndjson.damaged'))
    expect(kept.map((name) => readFileSync(join(journal(), name), 'utf8'))).toEqual([
      expect.stringContaining('{"rejec'),
    ])
    expect(
      await tested.sql`select 1 from promo_impression_tracking where newsletter_send_id = 'late'`,
    ).toHaveLength(1)
  })

  test('without a database leaves everything as it is', async () => {
    const dataDir = join(folder, 'other')
    const rejects = createRejects(join(dataDir, 'journal'), createQueue())
    await rejects.append([{ rejected_at: 1, reason: 'variation_gone', event: aClick() }])
    const settings = { DATABASE_URL: 'postgres://promo:x@127.0.0.1:1/promo', PROMO_DATA_DIR: dataDir }
    const { code, err } = await promo(['replay'], { settings })
    expect(code).toBe(1)
    expect(err).toContain('The database cannot be used: DATABASE_URL (127.0.0.1:1, database promo)')
    expect(rejects.count()).toBe(1)
  })
})

test('purge removes what its dry run announces', async () => {
  const old = aClick({ at: Date.now() - 40 * 86_400_000, ip_hash: 'ab'.repeat(32) })
  await createRejects(join(folder, 'data', 'journal'), createQueue()).append([
    { rejected_at: 1, reason: 'variation_gone', event: old },
  ])
  await promo(['replay'])
  await settleClicks(tested.sql, { age: 0, limit: 1_000, duplicateSeconds: 10, visitorsPerAddress: 5 })
  await tested.sql`update promo_click_tracking set user_agent = 'Mozilla/5.0' where event_id = ${old.event_id}`
  const damaged = join(folder, 'data', 'journal', 'damaged-2026-01-01.lines')
  writeFileSync(damaged, 'half a line\n')
  const longAgo = (Date.now() - 31 * 86_400_000) / 1_000
  utimesSync(damaged, longAgo, longAgo)
  writeFileSync(damagedFile(join(folder, 'data', 'journal')), 'of today\n')
  const details = async () =>
    (await tested.sql`select user_agent from promo_click_tracking where event_id = ${old.event_id}`)[0]
      ?.user_agent
  const dry = await promo(['purge', '--dry-run'])
  expect(dry).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^dry run/) })
  expect(dry.out).toMatch(/user agents and visitor hashes of clicks {2}1\n/)
  expect(dry.out).toMatch(/files of damaged lines +1\n/)
  expect(await details()).toBe('Mozilla/5.0')
  await tested.sql`update promo_retention set looked_at = now() - interval '62 days'`
  const doubted = await promo(['purge'])
  expect(doubted).toMatchObject({ code: 1, out: '', err: expect.stringContaining('--clock-is-right') })
  expect(await details()).toBe('Mozilla/5.0')
  expect(existsSync(damaged)).toBe(true)
  const believed = await promo(['purge', '--clock-is-right'])
  expect(believed.out).toMatch(/user agents and visitor hashes of clicks {2}1\n/)
  expect(await details()).toBeNull()
  expect(believed.out).toMatch(/files of damaged lines +1\n/)
  expect([damaged, damagedFile(join(folder, 'data', 'journal'))].map((file) => existsSync(file))).toEqual([
    false,
    true,
  ])
  expect(await promo(['purge'])).toMatchObject({ code: 0 })
})

describe('the tables', () => {
  test('are made by migrate, once', async () => {
    const empty = await createTestDatabase({ empty: true })
    try {
      const settings = { DATABASE_URL: empty.url }
      expect((await promo(['migrate'], { settings })).out).toMatch(/^applied 001_offers_and_variations.sql\n/)
      expect((await promo(['migrate'], { settings })).out).toBe(
        'nothing to apply: the database is at this version\n',
      )
    } finally {
      await empty.drop()
    }
  })

  test('must be those of this version, otherwise a command says what to do', async () => {
    const databases = await Promise.all([1, 2, 3].map(() => createTestDatabase({ empty: true })))
    const [empty, early, newer] = databases as [TestDatabase, TestDatabase, TestDatabase]
    const files = readdirSync('db/migrations').filter((name) => name < '011')
    const former = join(folder, 'former')
    mkdirSync(former)
    for (const name of files) copyFileSync(join('db/migrations', name), join(former, name))
    await migrate(early.sql, pathToFileURL(`${former}/`))
    await migrate(newer.sql)
    await newer.sql`insert into promo_migrations (name) values ('999_unheard_of.sql')`
    const catalogue = join(folder, 'nothing.json')
    writeFileSync(catalogue, '{}')
    const conversions = join(folder, 'sale.csv')
    writeFileSync(conversions, 'external_id,click_id,amount,currency,status\na,,1.50,EUR,approved\n')
    const reading = [
      ['purge', '--dry-run'],
      ['explain', 'a-send'],
      ['import', catalogue, '--dry-run'],
      ['import-conversions', conversions, '--dry-run'],
      ['selftest', '--url', 'http://127.0.0.1:9'],
    ]
    const unmigrated =
      'The database does not have the tables of this version yet: run "npm run promo -- migrate" first'
    vi.stubEnv('PROMO_DATA_DIR', join(folder, 'data'))
    try {
      for (const { url, said } of [
        { url: empty.url, said: unmigrated },
        { url: early.url, said: unmigrated },
        {
          url: newer.url,
          said:
            `The database cannot be used: DATABASE_URL (127.0.0.1:${new URL(newer.url).port}, database ` +
            `${new URL(newer.url).pathname.slice(1)}): the database was migrated to a newer version of this ` +
            'project (it has 999_unheard_of.sql): start that version, or restore the backup from before its ' +
            'migration',
        },
        {
          url: 'postgres://promo@127.0.0.1:1/promo',
          said:
            'The database cannot be used: DATABASE_URL (127.0.0.1:1, database promo): connect ECONNREFUSED ' +
            '127.0.0.1:1 (ECONNREFUSED): nothing listens there: start PostgreSQL, or correct its host and port',
        },
      ]) {
        vi.stubEnv('DATABASE_URL', url)
        for (const args of reading)
          expect(await called(args)).toEqual({ code: 1, out: '', err: `promo ${args[0]}: ${said}\n` })
      }
      expect(await early.sql`select name from promo_migrations`).toHaveLength(files.length)
    } finally {
      vi.unstubAllEnvs()
      await Promise.all(databases.map((database) => database.drop()))
    }
  })

  test('are filled by seed, with a history once', async () => {
    const empty = await createTestDatabase({ empty: true })
    try {
      const settings = { DATABASE_URL: empty.url }
      expect((await promo(['seed'], { settings })).out).toMatch(
        /^added 7 links, added 6 offers, added 20 variations\n$/,
      )
      expect((await promo(['seed', '--history'], { settings })).out).toMatch(
        /\nrecorded 90 sample sends with \d{4} clicks\n$/,
      )
      expect((await promo(['seed', '--history'], { settings })).out).toMatch(
        /\nthe sample history is already there\n$/,
      )
      expect(await findDrift(empty.sql)).toEqual([])
    } finally {
      await empty.drop()
    }
  })
})

describe('networks of mail scanners', () => {
  const own = [
    { vendor: 'Gate', source: 'https://gate.example', date: '2026-11-25', networks: ['192.0.2.0/24'] },
  ]

  test('are shown with their sources, and counted by vendor', async () => {
    writeFileSync(join(folder, 'own.json'), JSON.stringify(own))
    const { code, out } = await promo(['networks'], { settings: { PROMO_SCANNER_NETWORKS: 'own.json' } })
    expect(code).toBe(0)
    expect(out).toMatch(/^Hornetsecurity, 20\d\d-\d\d-\d\d, https:.*\n {2}83\.246\.65\.0\/24\n/m)
    expect(out).toMatch(/^ {4}4 {2}Hornetsecurity\n/m)
    expect(out).toMatch(/^ {4}1 {2}Gate\n {3}\d\d {2}in all, 1 of them from PROMO_SCANNER_NETWORKS\n$/m)
  })

  test('show by the exit code whether an address is in one, and why it is listed', async () => {
    writeFileSync(join(folder, 'own.json'), JSON.stringify(own))
    const settings = { PROMO_SCANNER_NETWORKS: 'own.json' }
    const inside = await promo(['networks', 'check', '::ffff:192.0.2.9'], { settings })
    expect(inside).toMatchObject({ code: 0, err: '' })
    expect(inside.out).toContain(
      'is in 192.0.2.0/24 of Gate, as read on 2026-11-25 in https://gate.example\n',
    )
    const outside = await promo(['networks', 'check', '192.0.2.9'])
    expect(outside).toEqual({
      code: 1,
      out: '',
      err: 'promo networks: 192.0.2.9 is in no network of mail scanners\n',
    })
  })

  test('of a file are checked before a setting names it', async () => {
    writeFileSync(join(folder, 'own.json'), JSON.stringify(own))
    writeFileSync(join(folder, 'bad.json'), '[\n{ "networks": ["192.0.2.1/24"] }]')
    expect(await promo(['networks', 'check-file', 'own.json'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^own\.json is valid and has 1 network\nWith PROMO_SCANNER_NETWORKS=own\.json /,
      ),
    })
    const bad = await promo(['networks', 'check-file', 'bad.json'])
    expect(bad.code).toBe(1)
    expect(bad.err).toMatch(/^promo networks: bad\.json:2 /)
    expect(bad.err).toMatch(
      /^bad\.json:2 "networks" "192\.0\.2\.1\/24" must have no bits set after its prefix/m,
    )
    const settings = { PROMO_SCANNER_NETWORKS: 'bad.json' }
    for (const args of [['networks'], ['networks', 'check', '192.0.2.1']]) {
      const { code, err } = await promo(args, { settings })
      expect(code).toBe(1)
      expect(err).toContain('PROMO_SCANNER_NETWORKS names a file with errors. Correct them, or unset it:\n')
    }
  })
})

test('faulty settings are named', async () => {
  const { code, err } = await promo(['migrate'], { settings: { DATABASE_URL: 'mysql://x', PORT: 'x' } })
  expect(code).toBe(1)
  expect(err).toMatch(/PORT must[\s\S]*DATABASE_URL must/)
})

test('without DATABASE_URL the embedded server is started for the command, and stopped again', async () => {
  const settings = { DATABASE_URL: '', PROMO_DATA_DIR: join(folder, 'embedded') }
  const { code, out, err } = await promo(['editor', 'list'], { settings })
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toMatch(/^no editors yet/)
  expect(existsSync(join(settings.PROMO_DATA_DIR, 'postgres', 'PG_VERSION'))).toBe(true)
  expect(existsSync(join(settings.PROMO_DATA_DIR, 'postgres', 'postmaster.pid'))).toBe(false)
})
