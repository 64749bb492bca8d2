import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { adapterFault } from '../../src/integration/adapter.ts'
import { wordOf, wordOfRest, wordsIn } from '../../src/integration/site-words.ts'
import { temporaryFolder } from '../support/folders.ts'

test.each([
  ['/about', 'about'],
  ['about/', 'about'],
  ['/', undefined],
  ['', undefined],
  ['/team/ann', undefined],
  ['/[slug]', undefined],
])('%j is the word %j', (path, word) => {
  expect(wordOf(path)).toBe(word)
})

test.each([
  ['/shop/[...rest]', 'shop'],
  ['/shop/[...rest]/', 'shop'],
  ['/shop/[id]', undefined],
  ['/[...rest]', undefined],
  ['/shop/old/[...rest]', undefined],
])('%j answers the word %j', (pattern, word) => {
  expect(wordOfRest(pattern)).toBe(word)
})

test('files, pages without their extension, and folders with a page are words of a site', () => {
  const folder = temporaryFolder()
  for (const name of ['tool', 'deep']) mkdirSync(join(folder, name))
  for (const name of ['tool/index.html', 'deep/down.txt', 'sheet.html', 'robots.txt'])
    writeFileSync(join(folder, name), '')
  expect(wordsIn(folder).toSorted()).toEqual(['robots.txt', 'sheet', 'sheet.html', 'tool'])
  expect(wordsIn(join(folder, 'none'))).toEqual([])
})

test.each([
  ['@astrojs/node', undefined],
  [undefined, 'the site has no adapter. Run "npx astro add node"'],
  ['@astrojs/vercel', "the site's adapter is @astrojs/vercel. Run"],
])('with the adapter %s: %s', (adapter, fault) => {
  expect(adapterFault(adapter)).toEqual(fault === undefined ? undefined : expect.stringContaining(fault))
})
