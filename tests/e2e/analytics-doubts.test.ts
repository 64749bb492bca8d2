import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../../src/lib/database/database.ts'
import { curveOf, marks } from '../../src/lib/stats/arrival.ts'
import { accessibilityFaults, rulesOfColours } from '../support/accessibility.ts'
import { launchBrowser, takePicture } from '../support/browser.ts'
import { anImpression } from '../support/events.ts'
import { overlappingTexts } from '../support/overlapping-text.ts'
import { recordImpressions } from '../support/record.ts'
import { closeEditorsSite, type EditorsSite, openEditorsSite, withEditorsPage } from './analytics-site.ts'

const day = 86_400_000
const screenshots = 'test-output'
const paths = ['/analytics', '/analytics/offers/4', '/analytics/sends']
const phone = { width: 375, height: 800 }

/** Twenty-four daily sends of two texts; five reports of the first one name a tenth of its recipients. */
const wrong = [6, 10, 14, 18, 22]
const nameOf = (ago: number) => `${ago}-days-ago`

async function recordSends({ run }: Database): Promise<void> {
  const newest = Math.floor(Date.now() / day) * day
  const sends = Array.from({ length: 24 }, (_, index) => 4 + index).flatMap((ago) =>
    [42, 43].map((variation_id) =>
      anImpression({
        at: newest - ago * day,
        variation_id,
        newsletter_send_id: nameOf(ago),
        recipients: variation_id === 42 && wrong.includes(ago) ? 500 : 5_000,
      }),
    ),
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

/** Rows of the table of sends that are marked, by the text and the day. */
const marked = (page: Page): Promise<string[]> =>
  page.getByRole('region', { name: 'Sends, newest first' }).evaluate((table) => {
    let send = ''
    return [...table.querySelectorAll('tbody tr')].flatMap((row) => {
      send = row.querySelector('th small')?.textContent?.trim() ?? send
      const mark = [...row.querySelectorAll('small')].find((word) => word.textContent === 'doubtful')
      if (!mark?.checkVisibility()) return []
      const right = mark.getBoundingClientRect().right <= table.getBoundingClientRect().right
      return `${send.split(',')[0]}: ${/Build your dream|Want to build/.exec(row.textContent ?? '')}: ${right}`
    })
  })

test.each([
  ['/analytics', 1],
  ['/analytics/offers/4', wrong.length],
  ['/analytics/sends', wrong.length],
] as const)('the sends that warnings of %s name are marked in the table', async (path, shown) => {
  const expected = wrong.slice(0, shown).map((ago) => `${nameOf(ago)}: Build your dream: true`)
  for (const colorScheme of ['light', 'dark'] as const)
    await withEditorsPage(browser, site, path, { colorScheme }, async (page) => {
      expect(await marked(page)).toEqual(expected)
      expect(await accessibilityFaults(page, rulesOfColours)).toEqual([])
      await takePicture(page, join(screenshots, `doubts-${path.split('/').at(-1)}-${colorScheme}.png`))
    })
  await withEditorsPage(browser, site, path, { viewport: phone }, async (page) => {
    // Beside the rate, which is seen before anybody scrolls.
    expect(await marked(page)).toEqual(expected)
    await takePicture(page, join(screenshots, `doubts-${path.split('/').at(-1)}-phone.png`))
  })
})

test('marks of doubtful sends are kept on paper', async () => {
  await withEditorsPage(browser, site, '/analytics/sends', {}, async (page) => {
    await page.emulateMedia({ media: 'print' })
    expect(await marked(page)).toHaveLength(wrong.length)
  })
})

test('a rate above 100 % leaves all rates in sight on a phone, and names of sends in one piece on paper', async () => {
  const at = Math.floor(Date.now() / day) * day - 3.5 * day
  const name = '2026-11-20-a-newsletter'
  const recorded = await site.database.run(async (sql) => {
    await recordImpressions(sql, [
      anImpression({ at, variation_id: 44, newsletter_send_id: name, recipients: 10 }),
    ])
    await sql`
      insert into promo_send_metrics (impression_id, hours, clicks, human_clicks, clickers)
      select id, 0, 1130, 1130, 1130 from promo_impression_tracking where newsletter_send_id = ${name}
    `
  })
  expect(recorded).toMatchObject({ ok: true })
  await withEditorsPage(browser, site, '/analytics/sends', { viewport: phone }, async (page) => {
    const table = page.getByRole('region', { name: 'Sends, newest first' })
    const shown = async () => {
      await page.reload()
      return await table.textContent()
    }
    await expect.poll(shown, { interval: 500 }).toContain('11.3k %, recipients missing?')
    const beyond = (region: Element) => {
      const { right } = region.getBoundingClientRect()
      return [...region.querySelectorAll('td:first-of-type')].filter(
        (rate) => rate.getBoundingClientRect().right > right,
      ).length
    }
    expect(await table.evaluate(beyond)).toBe(0)
    await page.setViewportSize({ width: 794, height: 1100 })
    await page.emulateMedia({ media: 'print' })
    const lines = (region: Element) =>
      [...region.querySelectorAll('time + small')].map((small) => {
        const range = document.createRange()
        range.selectNodeContents(small)
        return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size
      })
    expect(new Set(await table.evaluate(lines))).toEqual(new Set([1]))
    await takePicture(page, join(screenshots, 'missing-recipients-print.png'))
  })
})
