import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser, personsUserAgent } from '../support/browser.ts'
import { closeEditorsSite, type EditorsSite, openEditorsSite } from './analytics-site.ts'

const screenshots = 'test-output'
let browser: Browser
let editors: EditorsSite

beforeAll(async () => {
  mkdirSync(screenshots, { recursive: true })
  browser = await launchBrowser()
  editors = await openEditorsSite(browser, async () => {})
}, 120_000)

afterAll(async () => {
  await browser?.close()
  if (editors) await closeEditorsSite(editors)
})

test.each(['light', 'dark'] as const)('signing in is readable by everybody, %s', async (colorScheme) => {
  const context = await browser.newContext({ userAgent: personsUserAgent, colorScheme })
  const page = await context.newPage()
  await page.goto(`${editors.running.site.url}/sign-in`)
  await page.screenshot({ path: join(screenshots, `sign-in-${colorScheme}.png`), fullPage: true })
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id }) => id)).toEqual([])
  await context.close()
})

test('by keyboard and without JavaScript: a wrong password is told, the right one leads where one wanted to go', async () => {
  const context = await browser.newContext({ userAgent: personsUserAgent, javaScriptEnabled: false })
  const page = await context.newPage()
  await page.goto(`${editors.running.site.url}/analytics/sends?days=90`)
  await page.waitForURL('**/sign-in?next=**')
  await page.getByLabel('Name').focus()
  await page.keyboard.type('anna')
  await page.keyboard.press('Tab')
  await page.keyboard.type('not the password')
  await page.keyboard.press('Enter')
  await expect.poll(() => page.getByRole('alert').textContent()).toBe('The name or the password is wrong.')
  expect(await page.getByLabel('Name').inputValue()).toBe('anna')
  await page.getByLabel('Password').focus()
  await page.keyboard.type('correct horse battery')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/analytics/sends?days=90')
  await context.close()
})

test('signing out everywhere ends the sessions of other browsers, signing out only one’s own', async () => {
  const open = async () => {
    const context = await browser.newContext({ userAgent: personsUserAgent })
    const page = await context.newPage()
    await page.goto(`${editors.running.site.url}/sign-in`)
    await page.getByLabel('Name').fill('anna')
    await page.getByLabel('Password').fill('correct horse battery')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL('**/analytics')
    return page
  }
  const [here, there, elsewhere] = [await open(), await open(), await open()]
  await here.getByRole('button', { name: 'Sign out', exact: true }).click()
  await here.waitForURL('**/sign-in')
  await there.reload()
  expect(there.url()).toMatch(/\/analytics$/)
  await there.getByRole('button', { name: 'Sign out everywhere' }).click()
  await there.waitForURL('**/sign-in')
  await elsewhere.reload()
  expect(elsewhere.url()).toContain('/sign-in?next=')
  for (const page of [here, there, elsewhere]) await page.context().close()
})
