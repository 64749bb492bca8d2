import { chance } from '../seeded-random.ts'

export const moments = ['start', 'replay', 'flush', 'settling', 'migration', 'stop'] as const
export type Moment = (typeof moments)[number]

export const conflicts = ['locked tables', 'lock timeouts', 'deadlocks', 'serialization failures'] as const
export const outages = ['server stopped', 'server killed', 'server hangs'] as const
export const diskFaults = ['disk full', 'disk frozen'] as const

export type Conflict = (typeof conflicts)[number]
export type Outage = (typeof outages)[number]
export type DiskFault = (typeof diskFaults)[number]
export type Instances = 'one' | 'two on one folder' | 'two on own folders'

/** After so many milliseconds of a site's life its clock is off by so many. */
export type ClockStep = { after: number; by: number }

/** All that chance decides about one kill. */
export type Plan = {
  number: number
  moment: Moment
  database: Conflict | Outage | undefined
  disk: DiskFault | undefined
  clock: ClockStep[]
  instances: Instances
  newPromos: boolean
  sync: 'write' | 'fsync'
  /** Whether the database's fault is there before the site starts. */
  early: boolean
  /** When it is killed: from 0, as soon as may be, to 1. */
  when: number
  /** For all other random choices. */
  random: () => number
}

/** Kills that aim at the migration; then the database is up to date. */
const migrationKills = 4
/** Kills on one database. */
export const killsOfChapter = 25

const minute = 60_000
const day = 24 * 60 * minute
const clockSteps = [-3 * day, -60 * minute, -5_000, 5_000, 60 * minute, 3 * day, 62 * day, 500 * day]

/** The plan of the n-th kill, always the same for the same seed. */
export function makePlan(seed: number, number: number, canSpoilDisk: boolean): Plan {
  const random = chance(seed + Math.imul(number + 1, 0x9e3779b1))
  const pick = <const Choice>(choices: readonly [Choice, ...Choice[]]): Choice =>
    choices[Math.floor(random() * choices.length)] ?? choices[0]
  const migrates = number % killsOfChapter < migrationKills
  const moment = migrates
    ? 'migration'
    : pick(['start', 'start', 'replay', 'replay', 'flush', 'flush', 'settling', 'stop', 'stop'])
  const database = migrates
    ? pick(['locked tables', 'locked tables', 'server killed', undefined])
    : random() < 0.5
      ? pick([...conflicts, ...outages])
      : undefined
  const underLoad = moment === 'flush' || moment === 'stop'
  const disk = underLoad && random() < 0.25 ? pick(diskFaults) : undefined
  return {
    number,
    moment,
    database: disk || moment === 'settling' ? asConflict(database) : database,
    disk: canSpoilDisk ? disk : undefined,
    clock: random() < 0.25 ? makeSteps(random, pick) : [],
    instances: disk || random() < 0.7 ? 'one' : pick(['two on one folder', 'two on own folders']),
    newPromos: !migrates && random() < 0.4,
    sync: random() < 0.25 ? 'fsync' : 'write',
    early: !underLoad || random() < 0.3,
    when: random(),
    random,
  }
}

/** A fault of the server would hide what the others are about. */
const asConflict = (fault: Conflict | Outage | undefined): Conflict | undefined =>
  conflicts.find((conflict) => conflict === fault)

function makeSteps(
  random: () => number,
  pick: <const Choice>(choices: readonly [Choice, ...Choice[]]) => Choice,
): ClockStep[] {
  const [first, ...others] = clockSteps
  const by = () => pick([first ?? 0, ...others])
  const later = { after: Math.round(400 + random() * 800), by: by() }
  return random() < 0.5 ? [later] : [{ after: 0, by: by() }, later]
}

/** The other faults around the kill, in words. */
export function faultsOf({ database, disk, clock, instances, newPromos, sync }: Plan): string[] {
  const named = [
    database,
    disk,
    clock.length > 0 && 'clock steps',
    instances !== 'one' && instances,
    newPromos && 'new texts and links',
    sync === 'fsync' && 'journal with fsync',
  ]
  return named.filter((fault) => typeof fault === 'string')
}
