import type { MauticFault } from './client.ts'

/** An e-mail whose recipients cannot be counted, and why. */
export type Obstacle = { email_id: number; reason: string }

/** Faults one after another that are Mautic's own, whatever it says. */
const mostInRow = 5

export type Doubts = {
  /** Mautic works. */
  answered(): void
  failed(email_id: number, fault: MauticFault): void
  /** There is nothing more to ask. */
  end(): void
}

/**
 * Whose a fault is that may be one e-mail's or Mautic's. As long as Mautic answers other questions it is an obstacle
 * of the e-mail. It is Mautic's, and the end of asking, where several follow each other, or nothing was answered.
 */
export function createDoubts(outcome: { obstacles: Obstacle[]; fault?: MauticFault }): Doubts {
  let works = false
  let doubtful: { obstacle: Obstacle; fault: MauticFault }[] = []

  const settle = (): void => {
    outcome.obstacles.push(...doubtful.map(({ obstacle }) => obstacle))
    doubtful = []
  }

  return {
    answered() {
      works = true
      settle()
    },
    failed(email_id, fault) {
      const obstacle = { email_id, reason: fault.message }
      if (fault.alone) outcome.obstacles.push(obstacle)
      else doubtful.push({ obstacle, fault })
      if (fault.alone === false || doubtful.length >= mostInRow) outcome.fault = fault
    },
    end() {
      const last = doubtful.at(-1)
      if (last && !works) outcome.fault = last.fault
      else settle()
    },
  }
}
