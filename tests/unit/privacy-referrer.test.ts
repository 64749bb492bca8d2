import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { referrerHost } from '../../src/lib/privacy/referrer.ts'

describe('the stored part of a referrer', () => {
  test.each([
    ['https://mail.google.com/mail/u/0/?to=ann@example.org', 'mail.google.com'],
    ['https://Mail.Example.COM', 'mail.example.com'],
    ['HTTP://mail.example', 'mail.example'],
    ['https://mail.example:8443/inbox', 'mail.example'],
    ['https://ann:secret@mail.example/inbox', 'mail.example'],
    ['https://ann@example.org@mail.example/', 'mail.example'],
    ['https://mail.example#ann@example.org', 'mail.example'],
    ['https://mail.example?ann@example.org', 'mail.example'],
    ['https://mail.example\\@evil.example', 'mail.example'],
    ['http://127.0.0.1:8080/x', '127.0.0.1'],
    ['http://[2001:db8::1]/x', '[2001:db8::1]'],
    ['https://müller.example/', 'xn--mller-kva.example'],
    ['https://ü.example/', 'xn--tda.example'],
    ['https://a.ü.example/', 'a.xn--tda.example'],
    ['android-app://com.google.android.gm/', 'com.google.android.gm'],
    ['android-app://com.google.android.gm/https://a.example/', 'com.google.android.gm'],
    ['android-app://com.google.android.gm/path?x=1', 'com.google.android.gm'],
    ['mail.example/path?x=1', 'mail.example'],
    ['gmail_app', 'gmail_app'],
    ['email_client', 'email_client'],
    ['Outlook', 'outlook'],
    ['ann@example.org', 'example.org'],
    ['', null],
    [undefined, null],
    [null, null],
    ['about:blank', null],
    ['mailto:ann@example.org', 'example.org'],
    ['file:///home/ann', null],
    ['https://', null],
    ['two words', null],
    ['\0', null],
    ['https://a b/', null],
  ])('%s: %s', (referrer, host) => expect(referrerHost(referrer)).toBe(host))

  test('has no more than 255 characters', () => {
    expect(referrerHost(`x-app://${'a'.repeat(400)}/`)).toBe('a'.repeat(255))
  })

  test('is what the URL parser finds, for every web address', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (url) => {
        expect(referrerHost(url)).toBe(new URL(url).hostname)
      }),
    )
  })

  test('never holds a path, a query, a user or anything that cannot be stored', () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('ann@', 'example', '.', ':', '/', '?', '#', '\\', '@', '%40', 'x://', '\0'),
    )
    const referrer = fc.oneof(
      fc.array(part).map((parts) => parts.join('')),
      fc.array(part).map((parts) => `https://mail.example/${parts.join('')}`),
      fc.array(part).map((parts) => `app://${parts.join('')}`),
    )
    fc.assert(
      fc.property(referrer, (text) => {
        const host = referrerHost(text)
        if (host === null) return
        expect(host).toMatch(/^[^/?#@\\\0\s]{1,255}$/)
        expect(host.isWellFormed()).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })
})
