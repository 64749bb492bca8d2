import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../../src/lib/database/database.ts'
import { launchBrowser } from '../support/browser.ts'
import { anImpression } from '../support/events.ts'
import { recordImpressions } from '../support/record.ts'
import { closeEditorsSite, type EditorsSite, openEditorsSite, withEditorsPage } from './analytics-site.ts'

const hour = 3_600_000
const lists = [
  ...Array.from({ length: 12 }, (_, index) => `Monthly letter for readers of edition ${index + 1}`),
  'n'.repeat(100),
]

/** Many newsletters, and names as long as they may be, some of them one word. */
async function recordSends(database: Database): Promise<void> {
  const sends = lists.map((newsletter, index) =>
    anImpression({
      ...{ at: Date.now() - hour, recipients: 1_000, newsletter },
      newsletter_send_id: index === 0 ? 'w'.repeat(100) : `issue-${index}`,
    }),
  )
  const recorded = await database.run((sql) => recordImpressions(sql, sends))
  if (!recorded.ok) throw new Error(recorded.fault.message)
}

let browser: Browser
let site: EditorsSite

beforeAll(async () => {
  browser = await launchBrowser()
  site = await openEditorsSite(browser, recordSends)
})

afterAll(async () => {
  await browser?.close()
  if (site) await closeEditorsSite(site)
})

test.each([375, 900, 1280])('many newsletters and long names fit into a page %d wide', async (width) => {
  const options = { viewport: { width, height: 800 } }
  const path = `/analytics/sends?newsletter=${lists.at(-1)}`
  for (const address of ['/analytics', '/analytics/sends', path])
    await withEditorsPage(browser, site, address, options, async (page) => {
      const names = page.getByRole('navigation', { name: 'Newsletter' }).getByRole('link')
      expect((await names.allTextContents()).map((name) => name.trim()).toSorted()).toEqual(
        ['All newsletters', ...lists].toSorted(),
      )
      const beyond = await page.evaluate(() => {
        const { clientWidth } = document.documentElement
        const right = (element: Element) => element.getBoundingClientRect().right
        const cut = [...document.querySelectorAll('.choice')].filter((choice) =>
          [...choice.children].some((name) => right(name) > Math.min(right(choice), clientWidth)),
        )
        const rates = [...document.querySelectorAll('.scroll')].flatMap((table) =>
          [...table.querySelectorAll('tbody td:nth-child(2):not([colspan])')].filter(
            (rate) => right(rate) > right(table),
          ),
        )
        return [...cut, ...rates].map((element) => element.textContent)
      })
      expect(beyond).toEqual([])
      const scrolled = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      )
      expect(scrolled).toBe(0)
    })
})
