import { readFileSync } from 'node:fs'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { describe, expect, test } from 'vitest'
import { requestsPerMinute } from '../../src/lib/http/endpoints.ts'
import { endpointMethods } from '../../src/lib/http/methods.ts'
import { openApiDocument } from '../../src/lib/openapi/document.ts'
import { endpoints } from '../../src/lib/openapi/endpoints.ts'
import {
  aboutClick,
  aboutConversion,
  aboutImpression,
  aboutReport,
  aboutSelection,
} from '../../src/lib/openapi/fields.ts'
import { answersOf } from '../../src/lib/openapi/operation.ts'
import { describeApi } from '../../src/lib/openapi/respond.ts'
import { undocumented } from '../support/documented.ts'

const lint = async (document: unknown) => {
  const config = await createConfig({ extends: ['recommended-strict'] })
  const problems = await lintFromString({ source: JSON.stringify(document), config })
  return problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])
}

test('the description passes a lint, which finds what is wrong with it', async () => {
  const document = openApiDocument()
  expect(await lint(document)).toEqual([])
  const paths = { ...document.paths, '/more': { get: { operationId: 'selectRandom', responses: {} } } }
  expect((await lint({ ...document, paths })).map(([rule]) => rule)).toContain('operation-operationId-unique')
})

test('whatever has a description is described in words', () => {
  const empty: string[] = []
  const described: string[] = []
  const walk = (part: unknown, at: string): void => {
    if (typeof part !== 'object' || part === null) return
    for (const [key, inside] of Object.entries(part)) {
      if (key === 'description' && typeof inside === 'string')
        (inside.trim() === '' ? empty : described).push(at)
      walk(inside, `${at}/${key}`)
    }
  }
  walk(openApiDocument(), '')
  expect(empty).toEqual([])
  expect(described.length).toBeGreaterThan(100)
})

test('every endpoint is described, with its method', () => {
  expect(endpoints.map(({ path, method }) => [path.slice(1), method.toUpperCase()]).sort()).toEqual(
    [...endpointMethods].sort(),
  )
})

test('the description is sent unchanged, with an ETag', () => {
  const { status, headers, body } = describeApi()
  expect([status, JSON.parse(String(Buffer.from(body ?? '')))]).toEqual([
    200,
    JSON.parse(JSON.stringify(openApiDocument())),
  ])
  expect(headers).toMatchObject({
    'cache-control': 'public, max-age=300',
    etag: expect.stringMatching(/^".{27}"$/),
  })
  expect(describeApi().headers).toEqual(headers)
})

describe('an answer that is not as described', () => {
  const json = { 'content-type': 'application/json; charset=utf-8' }
  const get = (endpoint: string) => ({ method: 'GET', path: `/api/v1/promo/${endpoint}` })
  const live = { status: 200, headers: json, body: '{"status":"ok"}' }
  const refused = { error: 'unauthorized', message: 'no' }
  const denied = { status: 401, headers: json, body: JSON.stringify(refused) }
  const withHeader = { ...json, 'www-authenticate': 'Bearer' }

  test.each([
    ['another status', get('health/live'), { ...live, status: 202 }],
    ['another type', get('health/live'), { ...live, headers: { 'content-type': 'text/html' } }],
    ['a field more', get('health/live'), { ...live, body: '{"status":"ok","at":1}' }],
    ['a field less', get('health/live'), { ...live, body: '{}' }],
    ['a wrong value', get('health/live'), { ...live, body: '{"status":"fine"}' }],
    ['a header too few', get('metrics'), denied],
    ['a header too many', get('health/live'), { ...live, headers: { ...json, 'retry-after': '1' } }],
    [
      'the fault of another status',
      get('metrics'),
      { ...denied, headers: withHeader, body: JSON.stringify({ ...refused, error: 'forbidden' }) },
    ],
    [
      'a body where there is none',
      { ...get('track-click'), method: 'POST' },
      { status: 204, headers: {}, body: 'x' },
    ],
    ['another method', { ...get('track-click'), method: 'PUT' }, { status: 204, headers: {}, body: '' }],
  ])('is reported: %s', (_, asked, answer) => {
    expect(undocumented(asked, answer)).not.toEqual([])
  })

  const promo = {
    ...{ offer_id: 5, offer_name: 'Quiet Desk', offer_type: 'affiliate', variation_id: 50 },
    ...{ text_content: 'A desk that keeps quiet', cta_text: null, tone: 'calm', length_category: 'short' },
    ...{ link: 'https://news.example/quietdesk?promo_var=50', strategy: 'thompson', goal: 'revenue' },
    ...{ newsletter: 'weekly', html: '<p>', text: 'A desk' },
  }
  const chosen = (body: object) => ({ status: 200, headers: json, body: JSON.stringify(body) })

  test('is reported: a promo, or one of a segment, with a field too few or another goal', () => {
    const segments = [{ ...promo, segment: 1 }]
    expect(undocumented(get('select-random'), chosen({ ...promo, segments }))).toEqual([])
    const { offer_name: _, ...nameless } = promo
    for (const wrong of [
      nameless,
      { ...promo, goal: 'clicks' },
      { ...promo, segments: [promo] },
      { ...promo, segments: [{ ...nameless, segment: 1 }] },
    ])
      expect(undocumented(get('select-random'), chosen(wrong))).not.toEqual([])
  })

  test('is not reported if it is as described, or of another path', () => {
    expect(undocumented(get('health/live'), live)).toEqual([])
    expect(undocumented(get('metrics'), { ...denied, headers: withHeader })).toEqual([])
    expect(undocumented({ method: 'GET', path: '/nocodemba' }, { ...live, status: 307 })).toEqual([])
  })
})

describe('the tables of the guide to the endpoints', () => {
  const text = readFileSync('src/sample-site/pages/docs/endpoints.md', 'utf8')
  const rowsBelow = (head: string): string[][] =>
    (text.split('\n\n').find((paragraph) => paragraph.startsWith(`| ${head}`)) ?? '')
      .split('\n')
      .slice(2)
      .map((row) =>
        row
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      )

  /** Any endpoint answers these to an invalid request, or to one that meets an internal error. */
  const general = [405, 408, 500]

  const inWords = endpoints.map((endpoint) => {
    const { path, method, limit, body } = endpoint
    const statuses = Object.keys(answersOf(endpoint)).map(Number)
    const untold = body ? general : [...general, 413]
    return {
      endpoint: `${method.toUpperCase()} ${path.slice(1)}`,
      // The 400 that an invalid `Host` gets everywhere.
      answers: statuses.filter(
        (status) =>
          !untold.includes(status) && (status !== 400 || endpoint.faults.includes('validation_error')),
      ),
      limit: limit ? `${requestsPerMinute[limit]}/min` : '',
    }
  })

  test('name every endpoint with its answers and limit', () => {
    const rows = rowsBelow('endpoint').map(([endpoint = '', answers = '', limit]) => ({
      endpoint: /`(\w+ [\w/.-]+)/.exec(endpoint)?.[1],
      answers: (answers.match(/\d{3}/g) ?? []).map(Number),
      limit,
    }))
    expect(rows).toEqual(expect.arrayContaining(inWords))
    expect(rows).toHaveLength(inWords.length)
  })

  test('name every parameter and field', () => {
    const [row = ''] = rowsBelow('endpoint').find(([endpoint]) => endpoint?.includes('select-random')) ?? []
    expect(row.match(/\w+(?==)/g)?.sort()).toEqual(Object.keys(aboutSelection).sort())
    for (const [name, about] of [
      ['track-impression', aboutImpression],
      ['track-click', aboutClick],
      ['track-conversion', aboutConversion],
    ] as const) {
      const [fields = ''] = rowsBelow('endpoint').find(([endpoint]) => endpoint?.includes(name)) ?? []
      expect(fields.match(/(?<=`)\w+(?=`)/g)?.sort()).toEqual(Object.keys(about).sort())
    }
    const parameters = rowsBelow('parameter').flatMap(([names = '', meaning = '']) => {
      const sections = names.includes('…') ? (meaning.match(/(?<=`)[a-z]+(?=`)/g) ?? []) : []
      return [...(names.match(/(?<=`)\w+/g) ?? []), ...sections.map((section) => `include_${section}`)]
    })
    expect(parameters.sort()).toEqual(Object.keys(aboutReport).sort())
  })
})
