import { execFile, spawnSync } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  answer,
  type Behaviour,
  drip,
  hang,
  type StubPromoApi,
  samplePromo,
  startStubPromoApi,
} from '../support/stub-promo-api.ts'

const client = join(import.meta.dirname, '../../src/clients/python')
const script = join(client, 'newsletter.py')
const hasPython = spawnSync('python3', ['--version']).status === 0
const title = hasPython
  ? 'the newsletter script'
  : 'the newsletter script (skipped: python3 is not installed)'

type Run = {
  code: number
  log: string
  seconds: number
  files: string[]
  /** What each of the files says. */
  parts: Record<string, string>
  html: string
  text: string
}

/** Runs the script as its own process, with a proxy in its environment that nothing answers on. */
async function run(
  api: string,
  options: string[] = [],
  environment: Record<string, string> = {},
): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'newsletter-'))
  await using cleanup = new AsyncDisposableStack()
  cleanup.defer(() => rm(folder, { recursive: true, force: true }))
  const out = options.includes('--out') ? [] : ['--out', folder]
  const recipients = options.includes('--recipients') ? [] : ['--recipients', '1']
  const env = { PATH: process.env.PATH, http_proxy: 'http://127.0.0.1:9', LC_ALL: 'C', ...environment }
  const started = performance.now()
  const [code, log] = await new Promise<[number, string]>((done) => {
    const child = execFile(
      'python3',
      [script, '--api', api, ...out, ...recipients, ...options],
      { env },
      (_, __, stderr) => done([child.exitCode ?? -1, stderr]),
    )
  })
  const seconds = (performance.now() - started) / 1000
  const files = (await readdir(folder)).sort()
  const parts: Record<string, string> = {}
  for (const file of files) parts[file] = await readFile(join(folder, file), 'utf8')
  const { 'newsletter.html': html = '', 'newsletter.txt': text = '' } = parts
  return { code, log, seconds, files, parts, html, text }
}

const impressionsAt = (api: StubPromoApi) =>
  api.received.filter(({ path }) => path.endsWith('/track-impression')).map(({ body }) => JSON.parse(body))

describe.skipIf(!hasPython).concurrent(title, () => {
  it('puts the promo into both files and reports its impression', async () => {
    await using api = await startStubPromoApi()
    const { code, files, html, text, log } = await run(api.url, [
      '--date',
      '2025-10-18',
      '--recipients',
      '10000',
    ])
    expect({ code, files }).toEqual({ code: 0, files: ['newsletter.html', 'newsletter.txt'] })
    expect(html).toContain('href="http://localhost:4321/nocodemba?promo_var=42&amp;utm_source=newsletter"')
    for (const part of ['Sponsored', 'Saturday, 18 October 2025', 'Tools &amp; tricks', 'Build Now →']) {
      expect(html).toContain(part)
    }
    expect(html).not.toMatch(/\$[a-z]/)
    for (const part of [
      'Sponsored',
      '18 October 2025',
      'Tools & tricks',
      `Build Now →\n${samplePromo.link}\n`,
    ]) {
      expect(text).toContain(part)
    }
    expect(api.received[0]?.query.get('newsletter_send_id')).toBe('2025-10-18-daily')
    const send = { newsletter_send_id: '2025-10-18-daily', recipients: 10000 }
    expect(impressionsAt(api)).toEqual([{ offer_id: 4, variation_id: 42, ...send }])
    expect(api.received[1]?.headers['content-type']).toBe('application/json')
    expect(log).toMatch(/impression of variation 42 reported/)
  })

  it('names the send as given, and sends the token with both calls, by option or environment', async () => {
    await using api = await startStubPromoApi()
    const byOption = await run(api.url, ['--send-id', 'friday/7', '--token', 'by-option'])
    const byName = await run(api.url, ['--send-id', 'friday/7'], { PROMO_INGEST_TOKEN: 'by-name\n' })
    expect([byOption.code, byName.code]).toEqual([0, 0])
    const tokens = api.received.map(({ headers }) => headers.authorization)
    expect(tokens).toEqual(['Bearer by-option', 'Bearer by-option', 'Bearer by-name', 'Bearer by-name'])
    expect(api.received[0]?.query.get('newsletter_send_id')).toBe('friday/7')
    const impression = { offer_id: 4, variation_id: 42, newsletter_send_id: 'friday/7', recipients: 1 }
    expect(impressionsAt(api)).toEqual([impression, impression])
  })

  const queued = { error: 'tracking_failed', message: 'Database connection failed', queued: true }
  const unwanted = { error: 'validation_error', details: { offer_id: 'Offer ID 4 does not exist' } }
  it.each<[string, Behaviour, RegExp]>([
    ['503, queued', answer(503, queued), /INFO +impression kept by the service/],
    [
      '503, not queued',
      answer(503, { ...queued, queued: false }),
      /WARNING .*503 tracking_failed: Database conn/,
    ],
    ['503 without JSON', answer(503, '<h1>busy</h1>'), /WARNING .*503 <h1>busy/],
    ['400', answer(400, unwanted), /WARNING .*400 validation_error: .*Offer ID 4 does not exist/],
    ['a redirect', answer(307, '', { location: '/promo/elsewhere' }), /WARNING .*307/],
    ['hanging', hang, /WARNING .*no complete answer within 2 s/],
    ['dripping', drip, /WARNING .*no complete answer within 2 s/],
  ])('sends the promo once when tracking answers %s', async (_, track, logged) => {
    await using api = await startStubPromoApi({ track })
    const { code, html, text, log, seconds } = await run(api.url)
    expect(code).toBe(0)
    expect(html).toContain('promo_var=42')
    expect(text).toContain('promo_var=42')
    expect(log).toMatch(logged)
    expect(api.received.map(({ path }) => path)).toEqual(['/promo/select-random', '/promo/track-impression'])
    expect(seconds).toBeLessThan(60)
  })

  it('sends the promo if the service goes down after choosing it', async () => {
    await using api = await startStubPromoApi({
      select: (response) => {
        api.refuse()
        answer(200, samplePromo)(response)
      },
    })
    const { code, html, log, seconds } = await run(api.url)
    expect(code).toBe(0)
    expect(html).toContain('promo_var=42')
    expect(log).toMatch(/WARNING impression not reported: .*refused/)
    expect(seconds).toBeLessThan(60)
  })

  it.each<[string, Behaviour, RegExp]>([
    [
      '404',
      answer(404, { error: 'no_eligible_promo', message: 'Nothing to show' }),
      /404 no_eligible_promo: Nothing/,
    ],
    [
      '401',
      answer(401, { error: 'unauthorized', message: 'Set PROMO_INGEST_TOKEN' }),
      /401 .*PROMO_INGEST_TOKEN/,
    ],
    ['500', answer(500, 'oops'), /500 oops/],
    ['hanging', hang, /no complete answer within 5 s/],
    ['dripping', drip, /no complete answer within 5 s/],
    ['cut off', (response) => response.socket?.destroy(), /no promo in this issue: \S+/],
    ['broken JSON', answer(200, '{"offer_id": 4,'), /no promo in this issue: \S+/],
    ['JSON nested too deeply', answer(200, '['.repeat(60_000)), /nested too deeply|not a JSON object/],
    ['a list', answer(200, []), /not a JSON object/],
    [
      'bytes that are no UTF-8',
      (response) => response.end(Buffer.from([0xff, 0x22])),
      /no promo in this issue: \S+/,
    ],
    [
      'an answer without end',
      answer(200, { ...samplePromo, more: 'x'.repeat(200_000) }),
      /no promo in this issue: \S+/,
    ],
    ['a redirect', answer(302, '', { location: '/promo/select-random' }), /302/],
    [
      'a javascript: link',
      answer(200, { ...samplePromo, link: 'javascript://a.example/%0aalert(1)' }),
      /link is not an http/,
    ],
    [
      'a link with a line break',
      answer(200, { ...samplePromo, link: 'https://a.example/\nX' }),
      /link is not an http/,
    ],
    ['a link without a host', answer(200, { ...samplePromo, link: 'https:///x' }), /link is not an http/],
    ['true for an id', answer(200, { ...samplePromo, offer_id: true }), /offer_id is not an identifier/],
    [
      'an id too large',
      answer(200, { ...samplePromo, variation_id: 2 ** 31 }),
      /variation_id is not an identifier/,
    ],
    ['a blank text', answer(200, { ...samplePromo, text_content: ' ' }), /text_content is not a string/],
    ['a number as a text', answer(200, { ...samplePromo, cta_text: 7 }), /cta_text is not a string/],
  ])('sends the newsletter without a promo when select-random answers %s', async (_, select, logged) => {
    await using api = await startStubPromoApi({ select })
    const { code, html, text, log, seconds } = await run(api.url)
    expect(code).toBe(0)
    expect(html).toContain('The Daily Brief')
    expect(html).not.toContain('Sponsored')
    expect(text).not.toContain('Sponsored')
    expect(log).toMatch(logged)
    expect(log).not.toContain('Traceback')
    expect(impressionsAt(api)).toEqual([])
    expect(seconds).toBeLessThan(60)
  })

  describe('with --segments', () => {
    const inSegments = (variations: number[]) =>
      variations.map((variation_id, index) => ({
        ...samplePromo,
        segment: index + 1,
        variation_id,
        link: `http://localhost:4321/nocodemba?promo_var=${variation_id}`,
      }))
    const select = (variations: number[]) =>
      answer(200, { ...inSegments(variations)[0], segments: inSegments(variations) })

    it('writes one newsletter a segment, and reports each with its recipients', async () => {
      await using api = await startStubPromoApi({ select: select([42, 43, 71]) })
      const options = [
        '--segments',
        '3',
        '--recipients',
        '1000',
        '--send-id',
        'split',
        '--newsletter',
        'weekly',
      ]
      const { code, files, log, parts } = await run(api.url, options)
      expect({ code, files }).toEqual({
        code: 0,
        files: [1, 2, 3].flatMap((part) => [`newsletter-${part}.html`, `newsletter-${part}.txt`]),
      })
      expect([...(api.received[0]?.query ?? [])]).toEqual([
        ['newsletter_send_id', 'split'],
        ['segments', '3'],
        ['newsletter', 'weekly'],
      ])
      for (const [index, variation] of [42, 43, 71].entries())
        for (const kind of ['html', 'txt'])
          expect(parts[`newsletter-${index + 1}.${kind}`]).toContain(`promo_var=${variation}`)
      const send = { offer_id: 4, newsletter_send_id: 'split', newsletter: 'weekly' }
      expect(impressionsAt(api)).toEqual([
        { ...send, variation_id: 42, recipients: 334 },
        { ...send, variation_id: 43, recipients: 333 },
        { ...send, variation_id: 71, recipients: 333 },
      ])
      expect(log).toMatch(/newsletter-2 written to .*, for recipients: 333, with .*variation 43/)
    })

    it.each<[string, number[] | Behaviour, object[]]>([
      [
        'fewer texts than parts',
        [42, 43],
        [
          { variation_id: 42, recipients: 4 },
          { variation_id: 43, recipients: 3 },
        ],
      ],
      [
        'no segments, as an older service does',
        answer(200, samplePromo),
        [{ variation_id: 42, recipients: 7 }],
      ],
    ])('writes all parts when select-random answers %s', async (_, selected, reported) => {
      await using api = await startStubPromoApi({
        select: Array.isArray(selected) ? select(selected) : selected,
      })
      const { code, files, parts } = await run(api.url, ['--segments', '4', '--recipients', '7'])
      expect(code).toBe(0)
      expect(files).toHaveLength(8)
      for (const file of files) expect(parts[file]).toContain('promo_var=4')
      expect(impressionsAt(api)).toMatchObject(reported)
      expect(impressionsAt(api)).toHaveLength(reported.length)
    })

    it.each<[string, Behaviour, RegExp]>([
      ['the same text twice', select([42, 42]), /two segments have the same variation/],
      ['no list', answer(200, { ...samplePromo, segments: 'all' }), /segments is not a list/],
      ['an empty list', answer(200, { ...samplePromo, segments: [] }), /segments is not a list/],
      [
        'a list of numbers',
        answer(200, { ...samplePromo, segments: [1, 2] }),
        /a segment is not a JSON object/,
      ],
      ['an error', answer(503, {}), /503/],
    ])('writes all parts without a promo when select-random answers %s', async (_, selected, logged) => {
      await using api = await startStubPromoApi({ select: selected })
      const { code, files, log, parts } = await run(api.url, ['--segments', '2', '--recipients', '9'])
      expect(code).toBe(0)
      expect(files).toHaveLength(4)
      for (const file of files) expect(parts[file]).not.toContain('Sponsored')
      expect(log).toMatch(logged)
      expect(log).not.toContain('Traceback')
      expect(impressionsAt(api)).toEqual([])
    })
  })

  it('needs the number of recipients', async () => {
    const { status, stderr } = spawnSync('python3', [script, '--out', '/tmp'], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([2, expect.stringContaining('required: --recipients')])
  })

  it('escapes everything in the promo', async () => {
    const hostile = {
      ...samplePromo,
      offer_name: '</h2><script>alert("name")</script>\n12:00:00 INFO forged',
      text_content: "First\n\n<script>alert('text')</script> $day \uD800 \u0000",
      cta_text: '<img src=x onerror=alert(1)>',
      link: 'https://a.example/?q="><script>alert(2)</script>',
    }
    await using api = await startStubPromoApi({ select: answer(200, hostile) })
    const { code, html, log } = await run(api.url)
    expect(code).toBe(0)
    expect(html).not.toMatch(/<script|<img|\0/i)
    expect(html).toContain('First<br><br>&lt;script&gt;alert(&#x27;text&#x27;)&lt;/script&gt; $day')
    expect(html).toContain('href="https://a.example/?q=&quot;&gt;&lt;script&gt;')
    expect(log).not.toMatch(/^12:00:00 INFO forged/m)
  })

  it('has a default if the promo has no call to action', async () => {
    const bare = { ...samplePromo, cta_text: null, tone: null, length_category: null }
    await using api = await startStubPromoApi({ select: answer(200, bare) })
    const { code, html } = await run(api.url)
    expect(code).toBe(0)
    expect(html).toContain('>Read more →</a>')
    expect(impressionsAt(api)).toHaveLength(1)
  })

  it('fails with a clear message, and reports nothing, if it cannot write', async () => {
    await using api = await startStubPromoApi()
    const out = join(script, 'below')
    const { code, log } = await run(api.url, ['--out', out])
    expect(code).toBe(1)
    expect(log).toContain(`cannot write the newsletter to ${out}: Not a directory`)
    expect(log).not.toContain('Traceback')
    expect(impressionsAt(api)).toEqual([])
  })

  it.each([
    ['--recipients', '0'],
    ['--newsletter', ' '],
    ['--recipients', '10000001'],
    ['--recipients', '1.5'],
    ['--segments', '1'],
    ['--segments', '9'],
    ['--segments', '4', '--recipients', '3'],
    ['--date', '18.10.2025'],
    ['--send-id', 'two words'],
    ['--api', 'localhost:4321'],
    ['--colour', 'red'],
  ])('refuses the arguments %s %s before it calls anything', async (...arguments_) => {
    await using api = await startStubPromoApi()
    const { code, log, files } = await run(api.url, arguments_)
    expect({ code, files }).toEqual({ code: 2, files: [] })
    expect(log).toContain(arguments_[0])
    expect(log).not.toContain('Traceback')
    expect(api.received).toEqual([])
  })
})

const buildTools = ['pip', 'setuptools', 'wheel']
const findTools = `import sys, importlib.util as u; sys.exit(not all(map(u.find_spec, ${JSON.stringify(buildTools)})))`
const hasBuildTools = spawnSync('python3', ['-c', findTools]).status === 0

describe.skipIf(!hasPython).concurrent(title.replace('script', 'client'), () => {
  const run = promisify(execFile)

  it('passes its own tests', async () => {
    const { stderr } = await run('python3', ['-B', '-m', 'unittest'], { cwd: client })
    expect(stderr).toMatch(/Ran \d\d tests .*\n\nOK/)
  })

  it('can be installed, with its types and its command', async ({ skip }) => {
    skip(!hasBuildTools, `${buildTools.join(', ')}: one of them is not installed`)
    const folder = await mkdtemp(join(tmpdir(), 'newsletter-client-'))
    await using cleanup = new AsyncDisposableStack()
    cleanup.defer(() => rm(folder, { recursive: true, force: true }))
    // Building leaves files beside the sources.
    await cp(client, join(folder, 'source'), { recursive: true })
    const site = join(folder, 'site')
    const offline = [
      '--no-index',
      '--no-deps',
      '--no-build-isolation',
      '--disable-pip-version-check',
      '--quiet',
    ]
    await run('python3', ['-m', 'pip', 'install', ...offline, '--target', site, join(folder, 'source')])
    expect((await readdir(join(site, 'promo_tracking'))).sort()).toEqual(
      expect.arrayContaining(['__init__.py', 'py.typed']),
    )
    const env = { PATH: process.env.PATH, PYTHONPATH: site }
    const { stdout } = await run(join(site, 'bin', 'promo-tracking'), ['--help'], { env })
    expect(stdout).toContain('select')
  })
})
