import type { Outcome } from './check.ts'
import type { Killed } from './kill.ts'
import { moments } from './plan.ts'

export type Run = { killed: readonly Killed[]; outcomes: readonly Outcome[]; rejects: readonly string[] }

/** Each fault in one line; none where everything answered is there once and adds up. */
export const faultsIn = (outcomes: readonly Outcome[]): string[] =>
  outcomes.flatMap(({ lost, doubled, foreign, strange, drift }, number) => [
    ...lost.map((name) => `database ${number}: lost: ${name}`),
    ...doubled.map((name) => `database ${number}: doubled: ${name}`),
    ...foreign.map((name) => `database ${number}: foreign: ${name}`),
    ...strange.map((answer) => `database ${number}: strange: ${answer}`),
    ...drift.map((row) => `database ${number}: drift: ${JSON.stringify(row)}`),
  ])

/** The table at the end of a run. */
export function describe({ killed, outcomes, rejects }: Run): string {
  const ofMoment = (wanted: string) => killed.filter(({ moment }) => moment === wanted)
  const sum = (of: readonly number[]) => of.reduce((total, one) => total + one, 0)
  const faults = new Map<string, number>()
  for (const fault of killed.flatMap((one) => one.faults)) faults.set(fault, (faults.get(fault) ?? 0) + 1)
  const total = (count: (outcome: Outcome) => number) => sum(outcomes.map(count))
  const rows: [string, string | number][] = [
    ['kills', sum(killed.map(({ kills }) => kills))],
    ...moments.map((moment): [string, string] => {
      const aimed = ofMoment(moment)
      return [`  at ${moment}`, `${aimed.length} aimed, ${aimed.filter(({ hit }) => hit).length} seen there`]
    }),
    ['beside them', ''],
    ...[...faults].sort().map(([fault, times]): [string, number] => [`  ${fault}`, times]),
    ['answered', total(({ answered }) => answered)],
    ['recorded', total(({ recorded }) => recorded)],
    ['clicks on texts that do not exist, not recorded', total(({ madeUpAnswered }) => madeUpAnswered)],
    ['rejects', describeRejects(rejects)],
    ['killed while only in memory, by a spoilt or slow disk', total(({ onlyInMemory }) => onlyInMemory)],
    ['lost', total(({ lost }) => lost.length)],
    ['doubled', total(({ doubled }) => doubled.length)],
    ['foreign', total(({ foreign }) => foreign.length)],
    ['strange answers', total(({ strange }) => strange.length)],
    ['drift', total(({ drift }) => drift.length)],
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}

function describeRejects(lines: readonly string[]): string {
  const reasons = new Map<string, number>()
  for (const line of lines) {
    const reason = /"reason":"([^"]*)"/.exec(line)?.[1] ?? 'unreadable'
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }
  return [...reasons].map(([reason, times]) => `${times} ${reason}`).join(', ') || 'none'
}
