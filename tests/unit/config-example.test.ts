import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readConfig, settingExamples } from '../../src/lib/settings/config.ts'

describe('.env.example', () => {
  const presets = readConfig({})
  const text = readFileSync('.env.example', 'utf8')
  const entries = text
    .split('\n\n')
    .slice(1)
    .map((paragraph) => {
      const lines = paragraph.trim().split('\n')
      const [, name = '', example] = /^#([A-Z_]+)=(.*)$/.exec(lines.at(-1) ?? '') ?? []
      const preset = /^# Default: ([^;( ]+)/.exec(lines.at(-2) ?? '')?.[1]
      return { name, example, preset, about: lines.slice(0, -2) }
    })

  test('has every setting with its example, and nothing else', () => {
    expect(Object.fromEntries(entries.map(({ name, example }) => [name, example]))).toEqual(settingExamples)
    expect(entries).toHaveLength(Object.keys(settingExamples).length)
    expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([])
  })

  test.each(entries)('says what $name is and what its default is', ({ name, preset, about }) => {
    expect(about.join(' ')).toMatch(/^# .{20,}/)
    const value = Object.entries(presets.ok ? presets.value : {}).find(([setting]) => setting === name)?.[1]
    expect(preset).toBe(name === 'PROMO_DATA_DIR' ? '.data' : String(value ?? 'none'))
  })
})

test('the guide to the settings has each of them in its table, once', () => {
  const rows = readFileSync('src/sample-site/pages/docs/settings.md', 'utf8').matchAll(
    /^\| (`[A-Z][^|]*`) +\|/gm,
  )
  const named = [...rows].flatMap(([, cell = '']) => cell.match(/[A-Z_]+/g) ?? [])
  expect(named.toSorted()).toEqual(Object.keys(settingExamples).toSorted())
})
