import { fail, messageOf, ok, type Result } from './result.ts'

const token = /"(?:[^"\\]+|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/g

type JsonStep = string | number
type JsonLevel = { step: JsonStep; keyNext: boolean; keys: Set<string>; repeated: boolean }

/**
 * A value of a JSON text: the keys and indexes that lead to it, where it begins, and whether its key is a duplicate.
 */
type JsonPlace = { steps(): JsonStep[]; index: number; repeated: boolean }

/** Every value of a JSON text, in order. */
export function* placesIn(json: string): Generator<JsonPlace> {
  const levels: JsonLevel[] = []
  for (const { 0: text, index } of json.matchAll(token)) {
    const level = levels.at(-1)
    if (text === ']' || text === '}') levels.pop()
    else if (text === ',' && level) {
      if (typeof level.step === 'number') level.step += 1
      else level.keyNext = true
    } else if (text === ':' && level) level.keyNext = false
    else if (level?.keyNext) {
      const key = String(JSON.parse(text))
      level.step = key
      level.repeated = level.keys.has(key)
      level.keys.add(key)
    } else {
      yield { steps: () => levels.map(({ step }) => step), index, repeated: level?.repeated === true }
      if (text === '[') levels.push({ step: 0, keyNext: false, keys: new Set(), repeated: false })
      if (text === '{') levels.push({ step: '', keyNext: true, keys: new Set(), repeated: false })
    }
  }
}

/** The most repeated keys that are reported. */
const mostRepeated = 20

/**
 * The values whose key is repeated in their object, of which JSON.parse returns only the last. The text must be JSON.
 */
export function repeatedIn(json: string): JsonStep[][] {
  const repeated: JsonStep[][] = []
  for (const place of placesIn(json)) {
    if (repeated.length === mostRepeated) break
    if (place.repeated) repeated.push(place.steps())
  }
  return repeated
}

/** Parses JSON; the fault is the parser's message. */
export function parseJson(text: string): Result<unknown, string> {
  try {
    return ok(JSON.parse(text))
  } catch (error) {
    return fail(messageOf(error))
  }
}
