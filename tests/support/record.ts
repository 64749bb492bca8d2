import type { Sql } from '../../src/lib/database/sql.ts'
import type { Click, Conversion, Impression, SurplusClicks } from '../../src/lib/model/event.ts'
import * as conversions from '../../src/lib/store/conversions.ts'
import * as store from '../../src/lib/store/events.ts'
import * as reports from '../../src/lib/store/impressions.ts'
import * as surplus from '../../src/lib/store/surplus.ts'

export const recordClicks = (sql: Sql, clicks: readonly Click[]) =>
  store.recordClicks(sql, JSON.stringify(clicks))

export const recordImpressions = (sql: Sql, impressions: readonly Impression[], left = false) =>
  reports.recordImpressions(sql, JSON.stringify(impressions), left)

export const recordSurplus = (sql: Sql, counts: readonly SurplusClicks[]) =>
  surplus.recordSurplus(sql, JSON.stringify(counts))

export const recordConversions = (sql: Sql, told: readonly Conversion[], left = false) =>
  conversions.recordConversions(sql, JSON.stringify(told), left)
