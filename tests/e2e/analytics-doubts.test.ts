import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../../src/lib/database/database.ts'
import { curveOf, marks } from '../../src/lib/stats/arrival.ts'
import { launchBrowser, takePicture } from '../support/browser.ts'
import { anImpression } from '../support/events.ts'
import { overlappingTexts } from '../support/overlapping-text.ts'
import { recordImpressions } from '../support/record.ts'
import { closeEditorsSite, type EditorsSite, openEditorsSite, withEditorsPage } from './analytics-site.ts'

const day = 86_400_000
const screenshots = 'test-output'
const paths = ['/analytics', '/analytics/offers/4', '/analytics/sends']

/** Twenty-four daily sends, five of which were reported with a tenth of their recipients. */
const wrong = [6, 10, 14, 18, 22]
const nameOf = (ago: number) => `${ago}-days-ago`

async function recordSends({ run }: Database): Promise<void> {
  const newest = Math.floor(Date.now() / day) * day
  const days = Array.from({ length: 24 }, (_, index) => 4 + index)
  const sends = days.map((ago) =>
    anImpression({
      at: newest - ago * day,
      newsletter_send_id: nameOf(ago),
      recipients: wrong.includes(ago) ? 500 : 5_000,
    }),
  )
  const spans = [0, ...marks].map((hours, place) => {
    const come = (mark: number) => Math.round(100 * (mark < 0 ? 0 : (curveOf([]).shares[mark] ?? 1)))
    return { hours, clickers: come(place) - come(place - 1) }
  })
  const recorded = await run(async (sql) => {
    await recordImpressions(sql, sends)
    await sql`
      insert into promo_send_metrics (impression_id, hours, clicks, human_clicks, clickers)
      select i.id, s.hours, s.clickers, s.clickers, s.clickers
      from promo_impression_tracking i
      cross join json_to_recordset(${JSON.stringify(spans)}::text::json) s (hours integer, clickers integer)
    `
  })
  if (!recorded.ok) throw new Error(recorded.fault.message)
}

let browser: Browser
let site: EditorsSite

beforeAll(async () => {
  mkdirSync(screenshots, { recursive: true })
  browser = await launchBrowser()
  site = await openEditorsSite(browser, recordSends)
})

afterAll(async () => {
  await browser?.close()
  if (site) await closeEditorsSite(site)
})

test.each(paths)(
  'on paper all warnings of %s are seen, on the screen three until more are opened',
  async (path) => {
    await withEditorsPage(browser, site, path, {}, async (page) => {
      const warnings = page.getByText(/^Send \S+ has 9\.6 × the usual rate/)
      const seen = async () => {
        const all = await warnings.all()
        return (await Promise.all(all.map((one) => one.isVisible()))).filter(Boolean).length
      }
      expect(await seen()).toBe(3)
      await page.emulateMedia({ media: 'print' })
      expect(await seen()).toBe(wrong.length)
      expect(await page.evaluate(overlappingTexts)).toEqual([])
      await takePicture(page, join(screenshots, `doubts-${path.split('/').at(-1)}-print.png`))
      await page.emulateMedia({ media: 'screen' })
      expect(await seen()).toBe(3)
      await page.getByText('2 more warnings').click()
      expect(await seen()).toBe(wrong.length)
    })
  },
)
