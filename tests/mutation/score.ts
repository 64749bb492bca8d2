/** A change that was made to a file for a moment; `line` counts from 1. */
export type Mutant = { file: string; line: number; original: string; replacement: string; status: string }

/** Names mutants that behave like the original, with the reason. */
export type Equivalent = { file: string; original: string; replacement: string; why: string }

export type Score = {
  /** The folder that the files lie in. */
  room: string
  noticed: number
  counted: number
  /** Per cent. */
  score: number
}

const noticed = new Set(['Killed', 'Timeout'])
/** What does not compile or run was no mutant of a program that could be shipped. */
const counts = (mutant: Mutant, equivalent: readonly Equivalent[]): boolean =>
  [...noticed, 'Survived', 'NoCoverage'].includes(mutant.status) &&
  !equivalent.some(
    (one) =>
      one.file === mutant.file &&
      one.original === mutant.original &&
      one.replacement === mutant.replacement &&
      !noticed.has(mutant.status),
  )

export const survivorsOf = (mutants: readonly Mutant[], equivalent: readonly Equivalent[]): Mutant[] =>
  mutants.filter((mutant) => counts(mutant, equivalent) && !noticed.has(mutant.status))

/** One score a room, in the order of their names. */
export function scoresOf(mutants: readonly Mutant[], equivalent: readonly Equivalent[]): Score[] {
  const rooms = new Map<string, { noticed: number; counted: number }>()
  for (const mutant of mutants.filter((one) => counts(one, equivalent))) {
    const name = mutant.file.slice(0, mutant.file.lastIndexOf('/'))
    const room = rooms.get(name) ?? { noticed: 0, counted: 0 }
    room.counted += 1
    if (noticed.has(mutant.status)) room.noticed += 1
    rooms.set(name, room)
  }
  return [...rooms]
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([room, sums]) => ({ room, ...sums, score: (sums.noticed / sums.counted) * 100 }))
}
