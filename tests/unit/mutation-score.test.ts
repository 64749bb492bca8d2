import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Equivalent, type Mutant, scoresOf, survivorsOf } from '../mutation/score.ts'

const mutant = (file: string, status: string, replacement = 'false'): Mutant => ({
  file,
  line: 1,
  original: 'a < b',
  replacement,
  status,
})

const mutants = [
  mutant('src/lib/b/one.ts', 'Killed'),
  mutant('src/lib/b/two.ts', 'Timeout'),
  mutant('src/lib/b/two.ts', 'Survived'),
  mutant('src/lib/b/two.ts', 'NoCoverage', 'true'),
  mutant('src/lib/b/two.ts', 'CompileError'),
  mutant('src/lib/b/two.ts', 'Ignored'),
  mutant('src/lib/a/one.ts', 'Survived', 'a <= b'),
]

test('a room’s score is the share of mutants that tests noticed, of all that ran or are not covered', () => {
  expect(scoresOf(mutants, [])).toEqual([
    { room: 'src/lib/a', noticed: 0, counted: 1, score: 0 },
    { room: 'src/lib/b', noticed: 2, counted: 4, score: 50 },
  ])
  expect(survivorsOf(mutants, []).map(({ replacement }) => replacement)).toEqual(['false', 'true', 'a <= b'])
})

test('an equivalent mutant counts only if it survived and is exactly the one named', () => {
  const why = 'both sides are never equal'
  const named = [
    { file: 'src/lib/a/one.ts', original: 'a < b', replacement: 'a <= b', why },
    { file: 'src/lib/b/one.ts', original: 'a < b', replacement: 'false', why },
    { file: 'src/lib/b/two.ts', original: 'a > b', replacement: 'false', why },
  ]
  expect(scoresOf(mutants, named)).toEqual([{ room: 'src/lib/b', noticed: 2, counted: 4, score: 50 }])
  expect(survivorsOf(mutants, named).map(({ replacement }) => replacement)).toEqual(['false', 'true'])
})

test('each equivalent mutant names code that is there', () => {
  const named: Equivalent[] = JSON.parse(readFileSync('tests/mutation/equivalent.json', 'utf8'))
  expect(named.length).toBeGreaterThan(100)
  const gone = named.filter(
    ({ file, original }) => !existsSync(file) || !readFileSync(file, 'utf8').includes(original),
  )
  expect(gone).toEqual([])
})
