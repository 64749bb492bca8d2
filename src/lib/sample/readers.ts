import type { Choices } from './chance.ts'

/** A kind of reader: what its clicks carry, and its share of all readers. */
type Reader = {
  share: number
  user_agent: string
  device: string
  browser: string
  os: string
}

const chromium = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0'

export const readers: Choices<Reader> = [
  {
    share: 31,
    user_agent:
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ' +
      'Version/18.6 Mobile/15E148 Safari/604.1',
    device: 'mobile',
    browser: 'Safari',
    os: 'iOS',
  },
  {
    share: 24,
    user_agent: `Mozilla/5.0 (Linux; Android 10; K) ${chromium} Mobile Safari/537.36`,
    device: 'mobile',
    browser: 'Chrome',
    os: 'Android',
  },
  {
    share: 17,
    user_agent: `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chromium} Safari/537.36`,
    device: 'desktop',
    browser: 'Chrome',
    os: 'Windows',
  },
  {
    share: 9,
    user_agent: `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chromium} Safari/537.36 Edg/141.0.0.0`,
    device: 'desktop',
    browser: 'Microsoft Edge',
    os: 'Windows',
  },
  {
    share: 10,
    user_agent:
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) ' +
      'Version/18.6 Safari/605.1.15',
    device: 'desktop',
    browser: 'Safari',
    os: 'macOS',
  },
  {
    share: 5,
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0',
    device: 'desktop',
    browser: 'Firefox',
    os: 'Linux',
  },
  {
    share: 4,
    user_agent:
      'Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ' +
      'Version/18.6 Mobile/15E148 Safari/604.1',
    device: 'tablet',
    browser: 'Safari',
    os: 'iOS',
  },
]

/** Machines that say what they are. */
export const bots: Choices<{ share: number; user_agent: string }> = [
  { share: 4, user_agent: 'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)' },
  { share: 3, user_agent: 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)' },
  { share: 2, user_agent: 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)' },
  { share: 1, user_agent: 'python-requests/2.32.5' },
]

/** Hosts that a click comes from; most mail programs send none. */
export const referrers: Choices<{ share: number; host: string | null }> = [
  { share: 58, host: null },
  { share: 22, host: 'mail.google.com' },
  { share: 9, host: 'outlook.live.com' },
  { share: 5, host: 'outlook.office.com' },
  { share: 4, host: 'mail.yahoo.com' },
  { share: 2, host: 'mail.proton.me' },
]
