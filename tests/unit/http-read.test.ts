import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { longestBody, readJson, readQuery, wrongContentType, wrongEncoding } from '../../src/lib/http/read.ts'

const schema = v.strictObject({
  id: v.pipe(
    v.number('must be a number'),
    v.integer('must be a whole number'),
    v.minValue(0, 'must be 0 or more'),
  ),
  names: v.optional(v.array(v.string('must be a string'), 'must be a list')),
})

type Init = Omit<RequestInit, 'headers'> & { headers?: Record<string, string>; duplex?: 'half' }

const post = (body: BodyInit | null, { headers, ...rest }: Init = {}) =>
  new Request('http://site/', {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
    ...rest,
  })

const detailsOf = async (request: Request) => {
  const read = await readJson(request, schema, async (body) =>
    typeof body === 'object' && body !== null && 'id' in body && body.id === 404
      ? { id: 'does not exist', names: 'never told' }
      : {},
  )
  return read.ok ? read.value : { [read.fault.error]: read.fault.details }
}

const streamOf = (...chunks: Uint8Array<ArrayBuffer>[]) => new Blob(chunks).stream()

describe('a JSON body', () => {
  test('has the type of its schema', async () => {
    expect(await detailsOf(post('{"id":7,"names":["ä"]}'))).toEqual({ id: 7, names: ['ä'] })
  })

  test('may come in pieces, cut within a character', async () => {
    const bytes = new TextEncoder().encode('{"id":7,"names":["ä"]}')
    const body = streamOf(bytes.slice(0, 18), bytes.slice(18))
    expect(await detailsOf(post(body, { duplex: 'half' }))).toEqual({ id: 7, names: ['ä'] })
  })

  test('with a fault gets further checks, after the faults that the schema finds', async () => {
    expect(await detailsOf(post('{"id":404,"x":1}'))).toEqual({
      validation_error: { id: 'does not exist', names: 'never told', x: 'is not a known field; remove it' },
    })
    expect(await detailsOf(post('{"id":404,"names":7}'))).toEqual({
      validation_error: { id: 'does not exist', names: expect.not.stringContaining('never') },
    })
    expect(await detailsOf(post('{"id":404}'))).toEqual({ id: 404 })
  })

  test.each([
    ['an unknown field', '{"id":1,"x":1}', { x: 'is not a known field; remove it' }],
    [
      'several unknown fields',
      '{"id":1,"x":1,"toString":1,"__proto__":{"id":2}}',
      Object.fromEntries(
        ['x', 'toString', '__proto__'].map((field) => [field, 'is not a known field; remove it']),
      ),
    ],
    [
      'a field that every object inherits',
      '{"id":1,"constructor":1}',
      { constructor: 'is not a known field; remove it' },
    ],
    ['a key that is there twice', '{"id":1,"id":2}', { id: 'is given more than once' }],
    [
      'such keys among other faults, within a value too',
      '{"id":"1","id":2,"names":[{"a":1,"a":2}],"x":1,"x":1}',
      {
        id: 'is given more than once',
        'names.0': 'must be a string',
        'names.0.a': 'is given more than once',
        x: 'is given more than once',
      },
    ],
    [
      'such a key of endless length',
      `{"id":1,"${'y'.repeat(5000)}":1,"${'y'.repeat(5000)}":2}`,
      { ['y'.repeat(5000)]: 'is not a known field; remove it', ['y'.repeat(200)]: 'is given more than once' },
    ],
    ['a missing field', '{}', { id: 'is missing' }],
    ['two faults of one field: the first', '{"id":-1.5}', { id: 'must be a whole number' }],
    ['a list', '[]', { body: 'must be a JSON object' }],
    ['null', 'null', { body: 'must be a JSON object' }],
    ['a text', '"id"', { body: 'must be a JSON object' }],
    [
      'several faults',
      '{"id":"1","names":["a",2],"x":1}',
      { id: 'must be a number', 'names.1': 'must be a string', x: 'is not a known field; remove it' },
    ],
    ['broken JSON', '{"id":', { body: expect.stringMatching(/^is not valid JSON: /) }],
    ['an empty body', '', { body: expect.stringMatching(/^is not valid JSON: /) }],
  ])('with %s is refused under the name of the field', async (_, body, details) => {
    expect(await detailsOf(post(body))).toEqual({ validation_error: details })
  })

  test('that is no UTF-8 is refused', async () => {
    const body = Uint8Array.of(0x22, 0xff, 0x22)
    expect(await detailsOf(post(body))).toEqual({
      validation_error: { body: expect.stringMatching(/^could not be read/) },
    })
  })

  test('that breaks off is refused', async () => {
    const body = new ReadableStream({ start: (controller) => controller.error(new Error('aborted')) })
    expect(await detailsOf(post(body, { duplex: 'half' }))).toEqual({
      validation_error: { body: 'could not be read: aborted' },
    })
  })

  test('that is missing is refused', async () => {
    expect(await detailsOf(post(null))).toEqual({
      validation_error: { body: expect.stringContaining('JSON') },
    })
  })

  test('may have 16 KiB, and not a byte more', async () => {
    const sized = (bytes: number) => `{"id":1}${' '.repeat(bytes - 8)}`
    const tooLarge = { body_too_large: { body: `is larger than ${longestBody} bytes; send less` } }
    expect(await detailsOf(post(sized(longestBody)))).toEqual({ id: 1 })
    expect(await detailsOf(post(sized(longestBody + 1)))).toEqual(tooLarge)
    expect(
      await detailsOf(post('{"id":1}', { headers: { 'content-length': String(longestBody + 1) } })),
    ).toEqual(tooLarge)
  })

  test('is not read beyond that', async () => {
    let sent = 0
    const body = new ReadableStream({
      pull(controller) {
        sent += 1
        controller.enqueue(new Uint8Array(4096))
        if (sent === 100) controller.close()
      },
    })
    expect(await detailsOf(post(body, { duplex: 'half' }))).toHaveProperty('body_too_large')
    expect(sent).toBeLessThan(10)
  })
})

describe('a content encoding', () => {
  test.each([undefined, '', 'identity', ' Identity '])('%o does not count', (encoding) =>
    expect(wrongEncoding(encoding)).toBeUndefined(),
  )

  test.each(['gzip', 'br', 'x', 'gzip, identity'])(
    '%s is refused, and the answer has the remedy',
    async (encoding) => {
      expect(await detailsOf(post('{"id":1}', { headers: { 'content-encoding': encoding } }))).toEqual({
        unsupported_media_type: {
          'content-encoding': `is ${encoding}; send the body uncompressed, without Content-Encoding`,
        },
      })
    },
  )
})

describe('a content type', () => {
  test.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json ;charset=utf-8',
  ])('%s is accepted', (type) => expect(wrongContentType(type)).toBeUndefined())

  test.each([
    undefined,
    '',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json5',
  ])('%s is refused', (type) => {
    expect(wrongContentType(type)).toEqual({
      error: 'unsupported_media_type',
      details: {
        'content-type': `${type === undefined ? 'is missing' : `is ${type}`}; send the body as application/json`,
      },
    })
  })

  test('that is missing is refused', async () => {
    const request = new Request('http://site/', { method: 'POST', body: new Uint8Array([0x7b, 0x7d]) })
    expect(await detailsOf(request)).toEqual({
      unsupported_media_type: { 'content-type': 'is missing; send the body as application/json' },
    })
  })

  test('is refused before the body is looked at', async () => {
    expect(await detailsOf(post('{"id":1}', { headers: { 'content-type': 'text/plain' } }))).toHaveProperty(
      'unsupported_media_type',
    )
  })
})

describe('a query', () => {
  const query = v.strictObject({ id: v.optional(v.string()) })

  test.each([
    ['', { ok: true, value: {} }],
    ['id=7', { ok: true, value: { id: '7' } }],
    [
      'id=7&id=8',
      { ok: false, fault: { error: 'validation_error', details: { id: 'is given more than once' } } },
    ],
    [
      'x=1',
      { ok: false, fault: { error: 'validation_error', details: { x: 'is not a known field; remove it' } } },
    ],
  ])('"%s"', (text, expected) => {
    expect(readQuery(new URLSearchParams(text), query)).toEqual(expected)
  })
})
