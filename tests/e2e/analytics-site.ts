import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright'
import { expect } from 'vitest'
import type { Database } from '../../src/lib/database/database.ts'
import { type RunningSite, runSite } from '../pages/running-site.ts'
import { personsUserAgent } from '../support/browser.ts'
import { insertQuickEditor } from '../support/editor.ts'
import { patientDatabase } from '../support/patient-database.ts'

/** A site with an editor, and the cookie of that editor's session. */
export type EditorsSite = {
  running: RunningSite
  database: Database
  session: Awaited<ReturnType<BrowserContext['storageState']>>
}

const editor = { name: 'anna', password: 'correct horse battery' }

export async function openEditorsSite(
  browser: Browser,
  prepare: (database: Database) => Promise<void>,
  settings: Record<string, string> = {},
): Promise<EditorsSite> {
  const running = await runSite(settings)
  const { url } = running.database
  const database = patientDatabase(() => url, 1)
  await insertQuickEditor(running.database.sql, editor)
  await prepare(database)
  const context = await browser.newContext({ userAgent: personsUserAgent })
  const page = await context.newPage()
  await page.goto(`${running.site.url}/sign-in?next=/analytics/sends`)
  await page.getByLabel('Name').fill(editor.name)
  await page.getByLabel('Password').fill(editor.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL(`${running.site.url}/analytics/sends`)
  const session = await context.storageState()
  await context.close()
  return { running, database, session }
}

export async function closeEditorsSite({ running, database }: EditorsSite): Promise<void> {
  await database.close()
  await running.end()
}

/**
 * Opens a page as the editor and hands it over. Nothing may be said in its console but what `expected` matches, and
 * nothing may be asked of another site.
 */
export async function withEditorsPage(
  browser: Browser,
  { running, session }: EditorsSite,
  path: string,
  options: BrowserContextOptions,
  use: (page: Page, status: number, html: string) => Promise<void>,
  expected = /^$/,
): Promise<void> {
  const context = await browser.newContext({
    userAgent: personsUserAgent,
    storageState: session,
    ...options,
  })
  const page = await context.newPage()
  const said: string[] = []
  const elsewhere: string[] = []
  page.on('console', (message) => void (/error|warning/.test(message.type()) && said.push(message.text())))
  page.on('pageerror', (error) => void said.push(error.message))
  page.on('request', (request) => {
    if (!request.url().startsWith(running.site.url)) elsewhere.push(request.url())
  })
  const response = await page.goto(`${running.site.url}${path}`)
  await use(page, response?.status() ?? 0, (await response?.text()) ?? '')
  await context.close()
  expect(elsewhere).toEqual([])
  expect(said.filter((text) => !expected.test(text))).toEqual([])
}
