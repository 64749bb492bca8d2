import Bowser from 'bowser'
import { inAppBrowser } from './in-app-browser.ts'

/** Device, browser and system of a click, as families: `desktop`, `Firefox`, `Windows`. `null` if unknown. */
export type Device = { device: string | null; browser: string | null; os: string | null }

const unknown: Device = { device: null, browser: null, os: null }

/** Bowser takes the beginning of an unknown user agent for a name; visitors must not choose what is stored. */
const browsers = Object.values(Bowser.BROWSER_MAP)
const systems = Object.values(Bowser.OS_MAP)
const platforms = ['desktop', 'mobile', 'tablet', 'tv']

/**
 * The device of a user agent, computed each time: this takes some twenty times as long as everything else about a
 * click.
 */
export function readDevice(userAgent: string | null): Device {
  // Bowser takes every user agent with "Yahoo" for its crawler, even its mail program; it rejects an empty string.
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
