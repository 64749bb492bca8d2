import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { siteFirst } from '../../src/integration/site-first.ts'
import type { Connect } from '../../src/server/connect.ts'
import { listenForTest } from '../support/listen.ts'

/** A site that has pages of these words, behind a front that takes every word for a link. */
async function serve(pages: readonly string[]) {
  const asked: string[] = []
  const front: Connect = (_, response) => response.writeHead(307, { location: '/merchant' }).end()
  const first = siteFirst(front, (target) => (/^\/\w+$/.test(target) ? `${target}/` : undefined))
  const server = createServer((request, response) => {
    first(request, response, () => {
      const { url = '', method, headers } = request
      asked.push(`${method} ${url} ${headers.host?.split(':')[0]}`)
      response.writeHead(pages.includes(url.replaceAll('/', '')) ? 200 : 404).end()
    })
  })
  const at = `http://127.0.0.1:${await listenForTest(server)}`
  const ask = async (path: string, headers = {}) =>
    (await fetch(`${at}${path}`, { redirect: 'manual', headers })).status
  return { ask, asked }
}

test('a word is a page of the site or else a link; other paths are not looked up', async () => {
  const { ask, asked } = await serve(['about'])
  expect(await ask('/about')).toBe(200)
  expect(await ask('/nocodemba')).toBe(307)
  expect(await ask('/a/b')).toBe(307)
  expect(asked).toEqual(['HEAD /about/ 127.0.0.1', 'GET /about 127.0.0.1', 'HEAD /nocodemba/ 127.0.0.1'])
})

test('nobody can forge the look-up', async () => {
  const { ask } = await serve([])
  expect(await ask('/nocodemba', { 'x-promo-asks-site': 'guessed' })).toBe(307)
})
