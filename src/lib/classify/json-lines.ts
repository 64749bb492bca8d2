const token = /"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/g

type Level = { array: boolean; step: string; keyNext: boolean }

/**
 * The lines, counted from 1, at which the values of a JSON text begin, by their paths as `0.networks.3`; the whole has
 * the path "". The text must be JSON. Keys that have a dot in them make paths that are ambiguous.
 */
export function linesOfJson(json: string): Map<string, number> {
  const lines = new Map<string, number>()
  const levels: Level[] = []
  let line = 1
  let counted = 0
  for (const { 0: text, index } of json.matchAll(token)) {
    line += json.slice(counted, index).split('\n').length - 1
    counted = index
    const level = levels.at(-1)
    if (text === ']' || text === '}') levels.pop()
    else if (text === ',' && level) {
      level.keyNext = !level.array
      if (level.array) level.step = String(Number(level.step) + 1)
    } else if (text === ':' && level) level.keyNext = false
    else if (level?.keyNext) level.step = String(JSON.parse(text))
    else {
      lines.set(levels.map(({ step }) => step).join('.'), line)
      if (text === '[') levels.push({ array: true, step: '0', keyNext: false })
      if (text === '{') levels.push({ array: false, step: '', keyNext: true })
    }
  }
  return lines
}
