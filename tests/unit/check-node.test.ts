import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { nodeFault } from '../../src/server/check-node.mjs'
import { patience } from '../support/patience.ts'

test.each([
  ['20.20.2', true, 'needs 22.12 or newer'],
  ['22.11.9', true, 'needs 22.12 or newer'],
  ['20.20.2', false, 'needs 22.12 or newer'],
  ['22.12.0', false, 'does not read TypeScript'],
  ['23.5.0', false, 'does not read TypeScript'],
  ['22.12.0', true, undefined],
  ['24.21.0', true, undefined],
  ['26.0.0', true, undefined],
])('Node %s that reads TypeScript: %s, %s', (version, readsTypeScript, reason) => {
  const fault = nodeFault(version, readsTypeScript)
  if (reason === undefined) expect(fault).toBeUndefined()
  else expect(fault).toMatch(new RegExp(`^This is Node ${version}, .*${reason}: start it with npm`))
})

test('package.json asks for the same version', () => {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8'))
  const [, major, minor] = /^>=(\d+)\.(\d+)$/.exec(engines.node) ?? []
  expect(nodeFault(`${major}.${minor}.0`, true)).toBeUndefined()
  expect(nodeFault(`${major}.${Number(minor) - 1}.0`, true)).toContain(`needs ${major}.${minor} or newer`)
})

test.each([
  ['20.20.2', 'promo-tracking needs 22.12 or newer: update Node'],
  ['22.12.0', undefined],
])('Node %s in the package that others install: %s', (version, fault) => {
  const found = nodeFault(version, false, true)
  expect(found).toEqual(fault === undefined ? undefined : expect.stringContaining(fault))
})

test('npm scripts run on the Node of the lock file, and check it before anything else', () => {
  const lock: { packages: Record<string, { version: string }> } = JSON.parse(
    readFileSync('package-lock.json', 'utf8'),
  )
  expect(process.versions.node).toBe(lock.packages['node_modules/node']?.version)
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(readFileSync('package.json', 'utf8'))
  for (const name of ['start', 'promo', 'demo'])
    expect(scripts[name]).toMatch(/node --import \.\/src\/server\/check-node\.mjs (src|dist)\//)
  const [first] = /^import .*$/m.exec(readFileSync('src/cli/promo.ts', 'utf8')) ?? []
  expect(first).toMatch(/check-node\.mjs'$/)
})

test('another Node ends with the remedy', () => {
  const pretend = "data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '20.1.0' })"
  const started = spawnSync(
    process.execPath,
    ['--import', pretend, '--import', './src/server/check-node.mjs', 'src/cli/promo.ts'],
    { encoding: 'utf8', timeout: patience },
  )
  expect([started.status, started.stdout]).toEqual([1, ''])
  expect(started.stderr).toMatch(/^This is Node 20\.1\.0.*start it with npm.*\n$/)
})
