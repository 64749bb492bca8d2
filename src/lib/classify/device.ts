import Bowser from 'bowser'
import { inAppBrowser } from './in-app-browser.ts'

/** What a click is made with, in families: `desktop`, `Firefox`, `Windows`. `null` where it cannot be told. */
export type Device = { device: string | null; browser: string | null; os: string | null }

const unknown: Device = { device: null, browser: null, os: null }

/** Bowser takes the beginning of a text that it does not know for a name; visitors must not choose what is stored. */
const browsers = Object.values(Bowser.BROWSER_MAP)
const systems = Object.values(Bowser.OS_MAP)
const platforms = ['desktop', 'mobile', 'tablet', 'tv']

/** The device of a user agent, worked out anew each time: some twenty times as long as all else about a click takes. */
export function readDevice(userAgent: string | null): Device {
  // Bowser takes whoever names Yahoo for its crawler, its mail program as well; an empty text it does not take at all.
  const readable = userAgent?.replaceAll(/yahoo/gi, '')
  if (!userAgent || !readable) return unknown
  const { browser, os, platform } = Bowser.parse(readable)
  if (platform.type === 'bot') return unknown
  return {
    device: known(platform.type, platforms) ?? (os.name === 'Chrome OS' ? 'desktop' : null),
    browser: inAppBrowser(userAgent) ?? known(browser.name, browsers),
    os: known(os.name, systems),
  }
}

const known = (name: string | undefined, names: readonly string[]): string | null =>
  name !== undefined && names.includes(name) ? name : null
