import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { accessibilityFaults } from '../support/accessibility.ts'
import { launchBrowser, personsUserAgent, takePicture } from '../support/browser.ts'
import { closeEditorsSite, type EditorsSite, openEditorsSite } from './analytics-site.ts'

const screenshots = 'test-output'
const secret = 'a-secret-of-thirty-two-characters'
let browser: Browser
let editors: EditorsSite

beforeAll(async () => {
  mkdirSync(screenshots, { recursive: true })
  browser = await launchBrowser()
  editors = await openEditorsSite(browser, async () => {}, { PROMO_JWT_SECRET: secret })
})

afterAll(async () => {
  await browser?.close()
  if (editors) await closeEditorsSite(editors)
})

test.each(['light', 'dark'] as const)('signing in is readable by everybody, %s', async (colorScheme) => {
  const context = await browser.newContext({ userAgent: personsUserAgent, colorScheme })
  const page = await context.newPage()
  await page.goto(`${editors.running.site.url}/sign-in`)
  await takePicture(page, join(screenshots, `sign-in-${colorScheme}.png`))
  expect(await accessibilityFaults(page)).toEqual([])
  await context.close()
})

test('by keyboard and without JavaScript: a wrong password is reported, the right one signs in', async () => {
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
  await takePicture(page, join(screenshots, 'sign-in-refused.png'))
  const colourOf = (name: string) =>
    page.getByRole('alert').evaluate((element, variable) => {
      const probe = document.createElement('i')
      element.append(probe)
      probe.style.color = `var(${variable})`
      const { color } = getComputedStyle(probe)
      probe.remove()
      return color
    }, name)
  const shown = await page.getByRole('alert').evaluate((element) => {
    const { backgroundColor, marginTop } = getComputedStyle(element)
    return { backgroundColor, apart: Number.parseFloat(marginTop) > 0 }
  })
  expect(shown).toEqual({ backgroundColor: await colourOf('--open-soft'), apart: true })
  expect(await page.getByLabel('Name').inputValue()).toBe('anna')
  await page.getByLabel('Password').focus()
  await page.keyboard.type('correct horse battery')
  await page.keyboard.press('Enter')
  await page.waitForURL(`${editors.running.site.url}/analytics/sends?days=90`)
  await context.close()
})

/** What another back end makes for somebody; each is another one. */
let tokens = 0
const tokenFor = (subject: string) => {
  tokens += 1
  return new SignJWT({ jti: String(tokens) })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(subject)
    .setExpirationTime('1 minute')
    .sign(new TextEncoder().encode(secret))
}

test('a token of another back end can be typed in without JavaScript, and signs in once', async () => {
  const context = await browser.newContext({ userAgent: personsUserAgent, javaScriptEnabled: false })
  const page = await context.newPage()
  const token = await tokenFor('ben')
  const signIn = async () => {
    await page.goto(`${editors.running.site.url}/sign-in?next=/analytics/sends`)
    await page.getByLabel('Token', { exact: true }).fill(token)
    await page.getByRole('button', { name: 'Sign in with the token' }).click()
  }
  await signIn()
  await page.waitForURL(`${editors.running.site.url}/analytics/sends`)
  expect(await page.locator('.leave').textContent()).toContain('ben')
  await page.getByRole('button', { name: 'Sign out everywhere' }).click()
  await page.waitForURL('**/sign-in')
  await signIn()
  expect(await page.getByRole('alert').textContent()).toContain('already been used to sign in')
  await context.close()
})

test('the token in a link is hidden from servers, and sent when the person presses the button', async () => {
  const context = await browser.newContext({ userAgent: personsUserAgent })
  const page = await context.newPage()
  const asked: string[] = []
  page.on('request', (request) => void asked.push(request.url()))
  const token = await tokenFor('ben')
  const { url } = editors.running.site
  await page.goto(`${url}/sign-in?next=/analytics/sends#token=${token}`)
  await expect.poll(() => page.url()).toBe(`${url}/sign-in?next=/analytics/sends`)
  expect(await page.getByLabel('Token', { exact: true }).inputValue()).toBe(token)
  expect(await context.cookies()).toEqual([])
  await page.keyboard.press('Enter')
  await page.waitForURL(`${url}/analytics/sends`)
  await page.goto(`${url}/sign-in?next=/analytics#token=${await tokenFor('ben')}`)
  expect(page.url()).toBe(`${url}/analytics#`)
  expect(asked.map((one) => new URL(one).search).filter((search) => search.includes(token))).toEqual([])
  await context.close()
})

test('signing out ends one session, and signing out everywhere those in other browsers, too', async () => {
  const open = async () => {
    const context = await browser.newContext({ userAgent: personsUserAgent })
    const page = await context.newPage()
    await page.goto(`${editors.running.site.url}/sign-in`)
    await page.getByLabel('Name').fill('anna')
    await page.getByLabel('Password').fill('correct horse battery')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
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
