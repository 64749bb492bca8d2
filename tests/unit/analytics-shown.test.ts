import { expect, test } from 'vitest'
import { freshnessNote, periodFreshness } from '../../src/lib/wording/freshness.ts'
import { neededBy } from '../../src/lib/wording/needed.ts'
import { shownSentence } from '../../src/lib/wording/shown.ts'
import { aSummary } from './analytics-rows.ts'

const now = Date.parse('2025-10-18T20:30:00Z')
const asked = { tz: 'Europe/Oslo', minutes: 15 }
const newer = { all_settled: false, settled_until: '2025-10-18T20:15:00Z' }

test('figures that leave out the newest clicks say so, unless all are of one moment', () => {
  const note =
    'Clicks up to 18 Oct 2025, 22:15 (Europe/Oslo); each newer one follows about 15 minutes after it came.'
  expect(freshnessNote(newer, asked)).toBe(note)
  expect(freshnessNote({ ...newer, settled_until: null }, { tz: 'UTC', minutes: 1 })).toBe(
    'No click is counted here yet: each follows about 1 minute after it came.',
  )
  expect(freshnessNote({ ...newer, all_settled: true }, asked)).toBeUndefined()
  expect(periodFreshness({ ...newer, all_settled: true }, asked)).toBeUndefined()
  expect(periodFreshness(newer, asked)).toBe(
    'Click rate and clicks count every click at once. Different visitors: clicks up to 18 Oct 2025, ' +
      '22:15 (Europe/Oslo); each newer one follows about 15 minutes after it came.',
  )
  expect(periodFreshness(newer, { ...asked, newsletter: 'daily' })).toBe(note)
  expect(periodFreshness(newer, { ...asked, newsletter: '' })).toContain(
    'until it is known to which newsletter',
  )
})

test('a page says which days and clicks it shows, and when it was read', () => {
  const range = (start: string, end: string) => ({
    summary: aSummary({ date_range: { start, end, days: 30 } }),
  })
  const of = { tz: 'UTC', counting: 'human', now } as const
  expect(shownSentence(range('2025-09-18', '2025-10-18'), { ...of, days: '30' })).toBe(
    '18 Sep 2025 to 18 Oct 2025: 30 days and today so far, in UTC. Clicks by people. Read on 18 Oct 2025, 20:30.',
  )
  expect(shownSentence(range('2025-01-01', '2025-10-18'), { ...of, days: 'all', counting: 'all' })).toContain(
    ': all time, in UTC. All clicks.',
  )
  const own = (start: string, end: string) => shownSentence(range(start, end), of)
  expect(own('2025-10-01', '2025-10-01')).toMatch(/^1 Oct 2025: 1 day, in UTC/)
  expect(own('2025-10-17', '2025-10-18')).toContain(': 2 days, today so far included, in UTC')
  expect(own('2025-10-19', '2025-10-20')).toContain(': 2 days, in UTC')
  const lists = { ...range('2025-10-01', '2025-10-02'), newsletters: [null, 'daily'] }
  expect(shownSentence(lists, of)).toContain('Clicks by people, all newsletters.')
  expect(shownSentence(lists, { ...of, newsletter: 'daily' })).toContain(
    'Clicks by people, newsletter “daily”.',
  )
  expect(shownSentence(lists, { ...of, newsletter: '' })).toContain(', the newsletter without a name.')
})

test.each([
  [{ sends: 2, complete_sends: 2, clickers: 49 }, 'about 3 more sends (51 more clicks)'],
  [{ sends: 2, complete_sends: 2, clickers: 99 }, 'about 1 more send (1 more click)'],
  [{ sends: 1, complete_sends: 1, clickers: 99 }, 'about 2 more sends (1 more click)'],
  [{ sends: 0, complete_sends: 0, clickers: 0 }, 'about 3 more sends (100 more clicks)'],
  // Minutes after a send its clicks say nothing of how many sends are needed.
  [{ sends: 1, complete_sends: 0, clickers: 2 }, 'at least 2 more sends (98 more clicks)'],
  [{ sends: 2, complete_sends: 0, clickers: 2 }, 'at least 1 more send (98 more clicks)'],
  [{ sends: 3, complete_sends: 0, clickers: 2 }, 'three days for the late clicks of its sends'],
  [{ sends: 1, complete_sends: 0, clickers: 100 }, '2 more sends'],
  [{ sends: 2, complete_sends: 1, clickers: 40 }, 'about 3 more sends (60 more clicks)'],
  [{ sends: 2, complete_sends: 2, clickers: 100 }, '1 more send'],
  [{ sends: 3, complete_sends: 2, clickers: 100 }, 'three days for the late clicks of its sends'],
  [{ sends: 3, complete_sends: 3, clickers: 100 }, ''],
])('a figure with too little data says what it needs: %o', (had, needed) => {
  expect(neededBy(had)).toBe(needed)
})
