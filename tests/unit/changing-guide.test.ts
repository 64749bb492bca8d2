import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const guide = readFileSync('src/sample-site/pages/docs/changing.md', 'utf8')

test('every file that the guide to changes names is there', () => {
  const named = [...guide.matchAll(/`((?:src|db|tests)\/[^`]+)`/g)].map(([, path = '']) => path)
  expect(named.length).toBeGreaterThan(30)
  expect(named.filter((path) => !existsSync(path))).toEqual([])
})

test.each([
  'duplicate window',
  'bot',
  'label',
  'chart',
  'section',
  'column',
  'source of links',
  'field of a click',
  'setting',
  'migration',
])('the guide to changes knows of a %s', (what) => {
  expect(guide).toMatch(new RegExp(`^\\|[^|]*${what}`, 'm'))
})
