import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  describeLicences,
  licencesPath,
  others,
  permissive,
  readLicences,
  readLock,
} from '../support/licences.ts'

const packages = readLicences(readLock())

test('every package that is installed has its licence in the table', () => {
  expect(packages.length).toBeGreaterThan(100)
  expect(readFileSync(licencesPath, 'utf8'), 'run "npm run licences"').toBe(describeLicences(packages))
})

test('every licence is permissive, except those that are named with a reason', () => {
  const refused = packages.filter(
    ({ name, licence }) =>
      !licence.split(/ (?:AND|OR) |[()]/).every((one) => one === '' || permissive.has(one)) &&
      !others.some((other) => other.names.test(name) && other.licence.test(licence)),
  )
  expect(refused).toEqual([])
})

test('development packages are left out, and missing licences are found', () => {
  const lock = {
    packages: {
      '': { license: 'MIT' },
      'node_modules/a': { version: '1.0.0', license: 'ISC' },
      'node_modules/b/node_modules/a': { version: '2.0.0', license: 'ISC' },
      'node_modules/@c/d': { version: '1.0.0', devOptional: true },
      'node_modules/e': { version: '1.0.0', license: 'GPL-3.0', dev: true },
    },
  }
  expect(readLicences(lock)).toEqual([
    { name: '@c/d', versions: ['1.0.0'], licence: 'unknown' },
    { name: 'a', versions: ['1.0.0', '2.0.0'], licence: 'ISC' },
  ])
})
