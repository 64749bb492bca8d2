import { expect, test } from 'vitest'
import { isOwnForm } from '../../src/lib/http/own-form.ts'

const own = (origin?: string, at = 'http://localhost:4321/sign-in') => {
  const headers = new Headers(origin === undefined ? {} : { origin })
  return isOwnForm({ request: { headers }, url: new URL(at) }, 'https://site.example')
}

test('a form is from here at the address of its request and at the public one', () => {
  expect(own('http://localhost:4321')).toBe(true)
  expect(own('https://site.example')).toBe(true)
})

test.each([undefined, '', 'null', 'http://site.example', 'https://localhost:4321', 'https://evil.example'])(
  'no form is from here that comes from %s',
  (origin) => expect(own(origin)).toBe(false),
)
