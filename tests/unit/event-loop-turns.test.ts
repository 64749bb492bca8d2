import { expect, test } from 'vitest'
import { createTurns } from '../../src/lib/pace/event-loop-turns.ts'

test('waiting tasks continue in their order, with other work between any two', async () => {
  const turn = createTurns()
  const seen: string[] = []
  const note = async (name: string) => {
    await turn()
    seen.push(name)
    setImmediate(() => seen.push(`after ${name}`))
  }
  await Promise.all([note('one'), note('two'), note('three')])
  await turn()
  expect(seen).toEqual(['one', 'after one', 'two', 'after two', 'three', 'after three'])
})
