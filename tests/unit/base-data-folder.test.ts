import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeDataFolder } from '../../src/lib/base/data-folder.ts'
import { temporaryFolder } from '../support/folders.ts'

test('a folder that is created keeps itself out of git, and its users can enter it', () => {
  const umask = process.umask(0o077)
  onTestFinished(() => {
    process.umask(umask)
  })
  const folder = join(temporaryFolder(), 'project', '.data')
  makeDataFolder(folder)
  makeDataFolder(folder)
  expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('*\n')
  expect(statSync(folder).mode & 0o777).toBe(0o711)
})

test('a folder of somebody else stays as it is', () => {
  const folder = join(temporaryFolder(), 'theirs')
  mkdirSync(folder, { mode: 0o700 })
  makeDataFolder(folder)
  expect(readdirSync(folder)).toEqual([])
  expect(statSync(folder).mode & 0o777).toBe(0o700)
})

test('a folder that cannot be is an error', () => {
  const file = join(temporaryFolder(), 'file')
  writeFileSync(file, '')
  expect(() => makeDataFolder(join(file, 'data'))).toThrow('ENOTDIR')
})
