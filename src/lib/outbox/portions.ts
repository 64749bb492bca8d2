import type { NeighbourFault } from '../neighbours/neighbour.ts'
import type { OutboxRow } from '../store/outbox.ts'

/** Rows that are remembered as having failed by themselves. */
const mostSuspects = 1_000

type PortionRows = readonly Pick<OutboxRow, 'id' | 'attempts'>[]

export type Portions = {
  /** How many rows to send next, of which ones, where that matters, and which ones not. */
  next(target: { most: number; failing: boolean }): {
    limit: number
    only: readonly string[]
    except: readonly string[]
  }
  /** Which of the rows at hand to send together. */
  pick<Row extends PortionRows[number]>(rows: readonly Row[]): readonly Row[]
  /** Whether a fault that these rows meet at a target that works is their own. */
  blames(rows: PortionRows): boolean
  worked(rows: PortionRows): void
  /** `untried` are those of which nobody knows whether they arrived. */
  failed(rows: PortionRows, untried: PortionRows, fault: NeighbourFault): void
}

/**
 * Which rows go to a target together, so that one that it cannot take keeps back no other. A target that does not
 * answer gets half as many at a time, and after that more again. Rows that it answers with a fault are sent one by
 * one, so that each is sent only once more. One that fails by itself is a suspect: it lets others go first, and is
 * tried again as soon as one of them was taken. Rows that were refused before go by themselves.
 */
export function createPortions(): Portions {
  const suspects = new Set<string>()
  let most = Number.POSITIVE_INFINITY
  let single = 0

  return {
    next: (target) => ({
      limit: single > 0 || suspects.size > 0 ? 1 : Math.min(target.most, most),
      only: target.failing ? [] : [...suspects],
      except: target.failing ? [...suspects] : [],
    }),
    pick(rows) {
      const [first] = rows
      if (first) return rows.filter(({ attempts }) => attempts > 1 === first.attempts > 1)
      // All others were tried, or another instance has the suspects.
      if (suspects.size > 0) suspects.clear()
      else single = 0
      return rows
    },
    blames: (rows) =>
      rows.every(({ id, attempts }) => attempts > 1 || (rows.length === 1 && suspects.has(id))),
    worked(rows) {
      if (single > 0) single -= 1
      else most *= 2
      for (const { id } of rows) suspects.delete(id)
    },
    failed(rows, untried, { code }) {
      if (code === 'busy') return
      if (code === 'unreachable') most = Math.max(1, Math.floor(rows.length / 2))
      else single = Math.max(single, untried.length)
      if (rows.length > 1) return
      if (suspects.size >= mostSuspects) suspects.clear()
      for (const { id } of untried) suspects.add(id)
    },
  }
}
