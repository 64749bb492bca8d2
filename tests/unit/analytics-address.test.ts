import { expect, test, vi } from 'vitest'
import { type Address, addressOf, exportOf, linkTo } from '../../src/components/analytics/address.ts'
import { readPage } from '../../src/components/analytics/read-page.ts'
import { fail, ok } from '../../src/lib/base/result.ts'
import type { Report } from '../../src/lib/model/report.ts'
import { parseQuery } from '../../src/lib/reports/query.ts'
import { aSummary } from './analytics-rows.ts'

const now = Date.UTC(2025, 9, 18, 12)
const parse = (parameters: URLSearchParams, defaults?: Parameters<typeof parseQuery>[2]) =>
  parseQuery(parameters, now, defaults)
const usual: Address = { days: '30', tz: 'UTC', clicks: 'human' }

function addressFrom(text: string): Address {
  const parameters = new URLSearchParams(text)
  const query = parse(parameters, { counting: 'human' })
  if (!query.ok) throw new Error(JSON.stringify(query.fault))
  return addressOf(parameters, query.value)
}

test('the address holds the view, except defaults', () => {
  expect(linkTo('/analytics', usual)).toBe('/analytics')
  expect(linkTo('/analytics', usual, { days: '7' })).toBe('/analytics?days=7')
  expect(linkTo('/analytics', { ...usual, tz: 'Asia/Tokyo', clicks: 'all' })).toBe(
    '/analytics?tz=Asia%2FTokyo&clicks=all',
  )
})

test('a page of one newsletter leads to one of all, and requests nothing that is unknown for one', async () => {
  const address = addressFrom('newsletter=daily')
  expect(linkTo('/a', address, { newsletter: undefined })).toBe('/a')
  const readReport = vi.fn(async () => fail({ error: 'database_unavailable' as const }))
  const parseReportQuery = (parameters: URLSearchParams) => parse(parameters)
  await readPage({
    app: { parseReportQuery, readReport },
    parameters: new URLSearchParams('newsletter=daily'),
    wanted: ['sends', 'devices', 'referrers', 'reasons'],
  })
  expect(readReport).toHaveBeenCalledWith(
    expect.objectContaining({ newsletter: 'daily', include: new Set(['sends']) }),
  )
})

test.each([
  '',
  'days=7',
  'days=all&clicks=all',
  'from=2025-01-01&to=2025-02-01&tz=Europe%2FOslo',
  'to=2025-02-01',
  'newsletter=Daily+brief&days=7',
  'newsletter=',
])('a parsed address is written back unchanged: %s', (text) => {
  const path = linkTo('/a', addressFrom(text))
  expect(linkTo('/a', addressFrom(path.split('?')[1] ?? ''))).toBe(path)
  expect(addressFrom(path.split('?')[1] ?? '')).toEqual(addressFrom(text))
})

test('a period replaces a range, and other changes keep the range', () => {
  const own = addressFrom('from=2025-01-01&to=2025-02-01')
  expect(linkTo('/a', own, { days: '7' })).toBe('/a?days=7')
  expect(linkTo('/a', own, { days: '30' })).toBe('/a')
  expect(linkTo('/a', own, { clicks: 'all' })).toBe('/a?clicks=all&from=2025-01-01&to=2025-02-01')
})

test('an export asks the API for exactly what is shown', () => {
  const own = addressFrom('from=2025-01-01&to=2025-02-01&tz=Europe/Oslo')
  const path = exportOf(own, { format: 'csv', sections: ['sends'], offer_id: 4 })
  const asked = parse(new URL(path, 'http://site').searchParams)
  expect(asked).toEqual(
    ok({
      offer_id: 4,
      start: '2025-01-01',
      end: '2025-02-01',
      tz: 'Europe/Oslo',
      counting: 'human',
      include: new Set(['sends']),
      format: 'csv',
    }),
  )
  expect(exportOf(usual, { format: 'json', sections: [] })).toBe(
    '/api/v1/promo/analytics?days=30&tz=UTC&clicks=human',
  )
})

type Read = Parameters<typeof readPage>[0]['app']['readReport']

const report: Report = { summary: aSummary(), offers: [], settled_until: null, all_settled: true }
const page = (text: string, readReport: Read = async () => ok(report), offer_id?: string) =>
  readPage({
    app: { parseReportQuery: parse, readReport },
    parameters: new URLSearchParams(text),
    wanted: ['timeline'],
    offer_id,
  })

test('a page requests only the sections that it shows, by default human clicks', async () => {
  const read = vi.fn<Read>(async () => ok(report))
  const shown = await page('days=7&include_sends=true', read)
  expect(shown).toMatchObject({ status: 200, faults: [], report, address: { days: '7', clicks: 'human' } })
  expect(read.mock.calls[0]?.[0]).toMatchObject({ counting: 'human', include: new Set(['timeline']) })
})

test('unknown parameters are ignored by pages', async () => {
  const plain = await page('days=7')
  expect(await page('days=7&colour=red&gclid=1&utm_source=chat&constructor=1&a=1&a=2')).toEqual(plain)
})

test('each invalid parameter is named and left out, the others stay', async () => {
  const shown = await page('days=12&tz=Europe/Oslo&include_sends=1&clicks=all')
  expect(shown.status).toBe(400)
  expect(shown.faults.map(([name]) => name).sort()).toEqual(['days', 'include_sends'])
  expect(shown.address).toEqual({ days: '30', tz: 'Europe/Oslo', clicks: 'all' })
  expect((await page('days=7&from=2025-01-01&to=2025-02-01')).address).toMatchObject({ from: '2025-01-01' })
  expect((await page('from=2025-09-01&to=2025-02-01')).faults.map(([name]) => name)).toEqual(['from'])
  expect((await page('tz=UTC&tz=UTC')).status).toBe(400)
})

test('a parameter that only the database refuses is named as well', async () => {
  const read = vi.fn<Read>(async ({ tz }) =>
    tz === 'UTC' ? ok(report) : fail({ error: 'validation_error', details: { tz: 'is not known' } }),
  )
  expect(await page('tz=Europe/Oslo', read)).toMatchObject({
    status: 400,
    faults: [['tz', 'is not known']],
    report,
  })
})

test('without the database there is no report, but the page still knows the query', async () => {
  const away = vi.fn<Read>(async () => fail({ error: 'database_unavailable', message: 'away' }))
  const shown = await page('days=7', away)
  expect(shown).toMatchObject({ status: 503, address: { days: '7' } })
  expect(shown.report).toBeUndefined()
  const strange = vi.fn<Read>(async () =>
    fail({ error: 'validation_error', details: { end: 'never given' } }),
  )
  expect((await page('', strange)).status).toBe(503)
})

test('an offer that does not exist has no page', async () => {
  const read = vi.fn<Read>(async ({ offer_id }) =>
    offer_id === undefined
      ? ok(report)
      : fail({ error: 'validation_error', details: { offer_id: 'there is no offer 9' } }),
  )
  expect((await page('', read, '9')).status).toBe(404)
  expect((await page('days=7', read, 'abc')).status).toBe(404)
  const found = vi.fn<Read>(async () => ok(report))
  expect((await page('offer_id=5', found, '4')).status).toBe(200)
  expect(found.mock.calls[0]?.[0].offer_id).toBe(4)
})
