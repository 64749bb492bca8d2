import { expect, test } from 'vitest'
import { placed } from '../../src/astro/placed.ts'

const html = (body: string) => new Response(body, { headers: { 'content-type': 'text/html; charset=utf-8' } })
const textAt = async (root: string, body: string) => (await placed(html(body), root)).text()

test('addresses of ours in a page begin with the root of the site', async () => {
  const page = [
    '<a href="/analytics">',
    '<a href="/analytics?days=7">',
    '<link href="/_promo/a.css">',
    '<script src="/_promo/a.js">',
    '<form action="/sign-in?next=%2Fanalytics">',
    '<a href="/api/v1/promo/analytics?format=csv">',
  ].join('')
  expect(await textAt('/news', page)).toBe(page.replaceAll('="/', '="/news/'))
  expect(await textAt('', page)).toBe(page)
})

test('other addresses and texts are unchanged', async () => {
  const page =
    '<a href="/">, <a href="#content">, <a href="/analytics-of-theirs">, <a ' +
    'href="https://a.example/analytics">, &quot;/analytics&quot;, title="/analytics"'
  expect(await textAt('/news', page)).toBe(page)
})

test('redirects stay below the root, and answers without a page are unchanged', async () => {
  const led = await placed(
    new Response(null, { status: 303, headers: { location: '/sign-in?next=x' } }),
    '/news',
  )
  expect([led.status, led.headers.get('location')]).toEqual([303, '/news/sign-in?next=x'])
  const away = await placed(
    new Response(null, { status: 307, headers: { location: 'https://a.example/' } }),
    '/news',
  )
  expect(away.headers.get('location')).toBe('https://a.example/')
  const json = await placed(Response.json({ href: 'href="/analytics"' }), '/news')
  expect(await json.json()).toEqual({ href: 'href="/analytics"' })
})

test('a page that has become longer does not keep its length', async () => {
  const page = new Response('<a href="/analytics">', {
    headers: { 'content-type': 'text/html', 'content-length': '21', 'set-cookie': 'a=b' },
  })
  const answer = await placed(page, '/news')
  expect([answer.headers.get('content-length'), answer.headers.get('set-cookie')]).toEqual([null, 'a=b'])
})
