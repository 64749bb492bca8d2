import { describe, expect, test } from 'vitest'
import { createSelfDeclared } from '../../src/lib/classify/self-declared.ts'
import { classify } from '../../src/lib/classify/verdict.ts'

const verdictOn = (
  headers: Record<string, string>,
  changes: { selfDeclared?: boolean; flooding?: boolean } = {},
) => {
  const { verdict, reason } = classify({
    header: (name) => headers[name],
    selfDeclared: false,
    flooding: false,
    ...changes,
  })
  return `${verdict} ${reason}`
}

describe('the verdict on a click', () => {
  test.each([
    [{}, 'human none'],
    [{ 'sec-purpose': 'prefetch' }, 'machine prefetch'],
    [{ 'sec-purpose': 'prefetch;prerender' }, 'machine prefetch'],
    [{ purpose: 'Prefetch' }, 'machine prefetch'],
    [{ 'x-purpose': 'preview' }, 'machine prefetch'],
    [{ 'x-moz': 'prefetch' }, 'machine prefetch'],
    [{ purpose: 'navigation' }, 'human none'],
    [{ 'x-other': 'prefetch' }, 'human none'],
  ])('with the headers %o is %s', (headers, verdict) => expect(verdictOn(headers)).toBe(verdict))

  test('names the first rule that matches', () => {
    expect(verdictOn({}, { selfDeclared: true })).toBe('machine self_declared')
    expect(verdictOn({}, { flooding: true })).toBe('machine flood')
    expect(verdictOn({}, { selfDeclared: true, flooding: true })).toBe('machine self_declared')
    expect(verdictOn({ purpose: 'prefetch' }, { selfDeclared: true, flooding: true })).toBe(
      'machine prefetch',
    )
  })
})

describe('a user agent', () => {
  test.each([
    ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', true],
    ['curl/8.5.0', true],
    ['python-requests/2.32', true],
    ['GoogleImageProxy', true],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
      false,
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
      false,
    ],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)', false],
    ['', false],
  ])('%s says itself that it is a machine: %s', (userAgent, machine) => {
    const selfDeclared = createSelfDeclared()
    expect([selfDeclared(userAgent), selfDeclared(userAgent)]).toEqual([machine, machine])
  })
})
