import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getViteConfig } from 'astro/config'
import { createServer } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { timelineOf } from '../../src/lib/charts/timeline.ts'

const folder = mkdtempSync(join(tmpdir(), 'charts-'))
let server: Awaited<ReturnType<typeof createServer>>
let container: { renderToString(component: unknown, options: { props: object }): Promise<string> }

beforeAll(async () => {
  // Astro's container renders what its compiler makes of a component, which it asks Vite for.
  const resolve = getViteConfig(
    { cacheDir: folder, server: { middlewareMode: true, hmr: false, ws: false } },
    { configFile: false, logLevel: 'silent', devToolbar: { enabled: false } },
  )
  const config = await resolve({ mode: 'test', command: 'serve' })
  server = await createServer({ ...config, configFile: false, logLevel: 'silent' })
  const { experimental_AstroContainer } = await server.ssrLoadModule('astro/container')
  container = await experimental_AstroContainer.create()
})

afterAll(async () => {
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
})

async function render(name: string, props: object): Promise<string> {
  const { default: component } = await server.ssrLoadModule(`/src/components/charts/${name}.astro`)
  return container.renderToString(component, { props: { id: 'it', caption: 'What it says.', ...props } })
}

const year = Array.from({ length: 365 }, (_, day) => ({
  date: new Date(Date.UTC(2025, 0, 1 + day)).toISOString().slice(0, 10),
  impressions: 20_000,
  clicks: 1_200 + (day % 50) * 7,
  human_clicks: 900 + (day % 50) * 7,
  ctr: null,
  human_ctr: null,
  machine_clicks: 300,
  duplicate_clicks: 0,
  uncertain_clicks: 0,
  unique_clicks: 0,
}))
const overTime = {
  ...timelineOf(year, { start: '2025-01-01', end: '2025-12-31' }, 'human', '2025-12-31'),
  counting: 'human',
}
const cells = Array.from({ length: 168 }, (_, index) => ({
  weekday: 1 + Math.floor(index / 24),
  hour: index % 24,
  clicks: (index * 7919) % 5_000,
}))
const spans = [0, 1, 2, 3, 6, 12, 24, 48, 72, 168].map((hours) => ({ hours, clicks: 200 - hours }))
const rates = Array.from({ length: 100 }, (_, index) => ({
  name: `Offer ${index}`,
  value: index,
  low: 0,
  high: 100,
}))

const charts: [name: string, props: object, empty: object][] = [
  ['CtrOverTime', overTime, { points: [] }],
  ['OfferBars', { rows: rates }, { rows: [] }],
  ['ShareBars', { heading: 'Device', rows: [{ name: 'phone', clicks: 3 }] }, { rows: [] }],
  ['LiftDots', { heading: 'Tone', rows: [{ name: 'calm', lift: 1.2, low: 0.9, high: 1.6 }] }, { rows: [] }],
  ['Heatmap', { cells }, { cells: [] }],
  ['SendCurve', { spans }, { spans: [] }],
]

describe.each(charts)('%s', (name, props, empty) => {
  test('is a picture that its caption names, with its figures as a table', async () => {
    const html = await render(name, props)
    expect(html).toContain('<figcaption id="it-caption">What it says.</figcaption>')
    expect(html.match(/role="img"/g)).toHaveLength(1)
    expect(html).toContain('role="img" aria-labelledby="it-caption"')
    expect(html).toContain('<summary>Show the figures</summary>')
    expect(html).toMatch(/<tbody><tr><th scope="row">/)
  })

  test('needs nothing that a strict policy forbids, and has numbers only', async () => {
    const html = await render(name, props)
    expect(html).not.toMatch(/ style=|<style|<script| on\w+=|NaN|undefined|Infinity/)
  })

  test('says so if there are no data', async () => {
    const html = await render(name, { ...props, ...empty, empty: 'Nothing yet: send one.' })
    expect(html).toContain('<p class="chart-empty">Nothing yet: send one.</p>')
    expect(html).not.toMatch(/<svg|<table|NaN|undefined/)
    expect(await render(name, { ...props, ...empty })).toMatch(/<p class="chart-empty">[A-Z].+\.<\/p>/)
  })
})

test('a year is at most 13 KB, a week of hours at most 10 KB', async () => {
  expect(Buffer.byteLength(await render('CtrOverTime', overTime))).toBeLessThanOrEqual(13 * 1024)
  expect(Buffer.byteLength(await render('Heatmap', { cells }))).toBeLessThanOrEqual(10 * 1024)
})

test('a period that is not over is dashed', async () => {
  expect(await render('CtrOverTime', overTime)).toMatch(/<path class="chart-line chart-unfinished" d="M51,/)
  expect(await render('CtrOverTime', { ...overTime, unfinished: false })).not.toContain('chart-unfinished')
})

test('names are text, even with markup in them', async () => {
  const name = '<script>alert(1)</script> "عرض"'
  for (const [chart, row] of [
    ['OfferBars', { name, value: 1, low: 0, high: 2 }],
    ['ShareBars', { name, clicks: 1 }],
    ['LiftDots', { name, lift: 1, low: 0, high: 2 }],
  ] as const) {
    const html = await render(chart, { heading: 'Name', rows: [row] })
    expect(html).toContain('&lt;script&gt;')
    // In quotes it is harmless: only an element would run.
    expect(html).not.toMatch(/>[^<>]*<script/)
  }
})

test('of a hundred offers the twenty highest are drawn, and all are in the table', async () => {
  const html = await render('OfferBars', { rows: rates })
  expect(html.match(/class="chart-name"/g)).toHaveLength(20)
  expect(html.match(/<tr><th scope="row">/g)).toHaveLength(100)
  expect(html).toContain('The 20 highest; 80 more are among the figures.')
})

test('a sparkline is hidden from screen readers, which read its label', async () => {
  const html = await render('Sparkline', { values: [1, null, 3], label: 'Clicks rose' })
  expect(html).toMatch(/<svg [^>]*aria-hidden="true"/)
  expect(html).toContain('<span class="chart-unseen">Clicks rose</span>')
  expect(Buffer.byteLength(html)).toBeLessThan(400)
  expect(await render('Sparkline', { values: [], label: 'No clicks yet' })).not.toContain('<svg')
})
