import type { Sql } from '../database/sql.ts'
import { clicksByVerdict } from './add-clicks.ts'
import { addToRollups } from './add-sums.ts'
import { finalJudgement, type JudgementRules } from './judgement.ts'
import { moveMark, nextClicks } from './settle-batch.ts'
import { addToBreakdown } from './settle-breakdown.ts'
import { clicksOfSends, countClickers, keepClickers } from './settle-clickers.ts'
import { findCrowds } from './settle-crowds.ts'
import { addToOutbox } from './settle-outbox.ts'
import { addPeople } from './settle-people.ts'
import { addToSends } from './settle-sends.ts'
import { correctVerdicts, finalClicks, keepFirstClicks, sumChanges } from './settle-verdicts.ts'

export type Settling = JudgementRules & {
  /** Seconds after recording before a click is settled, in which its neighbours arrive. */
  age: number
  /** Clicks per statement. */
  limit: number
  /** Whether clicks by people are to be sent to Matomo. */
  forMatomo?: boolean
}

/**
 * Gives the next `limit` clicks, in the order in which they arrived, up to the first that was recorded less than `age`
 * seconds ago, their final verdict, and adds up what is known of them: visitors, sends, devices, referrers and reasons.
 * Rollups change by the difference to the provisional verdict. It is one statement that also moves the mark, so a click
 * is judged and added exactly once, whoever settles and whenever that is interrupted. Returns how many clicks were
 * settled; 0 if another instance is settling.
 *
 * A statement that records clicks must end within `age` seconds, or its clicks would be skipped.
 */
export const settleClicks = (sql: Sql, { age, limit, forMatomo = false, ...rules }: Settling) => sql<
  { settled: number }[]
>`
  with ${nextClicks(sql, age, limit)},
    ${moveMark(sql)},
    ${finalJudgement(sql, rules)},
    ${finalClicks(sql, limit)},
    ${correctVerdicts(sql)},
    ${keepFirstClicks(sql)},
    ${countClickers(sql)},
    ${keepClickers(sql)},
    ${sumChanges(sql)},
    ${addToRollups(sql, [...clicksByVerdict, 'unique_clicks'])},
    ${addPeople(sql)},
    ${findCrowds(sql)},
    ${clicksOfSends(sql)},
    ${addToSends(sql, 'of_sends')},
    ${addToBreakdown(sql)}${addToOutbox(sql, forMatomo)}
  select count(*)::integer as settled from batch
`
