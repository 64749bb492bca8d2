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
  /** Seconds since a click was recorded for which it is left alone: the time in which its neighbours come. */
  age: number
  /** Clicks at a time. */
  limit: number
  /** Whether clicks by people are to be sent to Matomo. */
  forMatomo?: boolean
}

/**
 * Gives the next `limit` clicks, in the order in which they arrived, up to the first that was recorded less
 * than `age` seconds ago, their final verdict, and adds up what is known of them: visitors, sends, devices,
 * referrers and reasons. Rollups move by what the final verdict changes. One statement, and the mark moves with
 * it, so a click is judged and added exactly once whoever settles and wherever it stops. Answers how many
 * clicks were settled; an instance that finds another one settling answers 0.
 *
 * A statement that records clicks must end within `age` seconds, or its clicks would be passed over.
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
