import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readDevice } from '../../src/lib/classify/device.ts'
import { inAppBrowser } from '../../src/lib/classify/in-app-browser.ts'
import { byReferrerClass, classifyReferrer } from '../../src/lib/classify/referrer.ts'
import { createUserAgentReader, readUserAgent } from '../../src/lib/classify/user-agent.ts'

const iphone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ' +
  'Version/18.6 Mobile/15E148 Safari/604.1'

describe('the device of a click', () => {
  test('is given as families', () => {
    expect(readDevice(iphone)).toEqual({ device: 'mobile', browser: 'Safari', os: 'iOS' })
  })

  test('is unknown without a user agent, for machines, and for unknown texts', () => {
    const unknown = { device: null, browser: null, os: null }
    for (const text of [null, '', 'Googlebot/2.1', '<b>My own name</b>/1.0 (x)', 'curl/8.5.0']) {
      expect(readDevice(text)).toEqual(unknown)
    }
  })

  test.each([
    ['desktop', 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0'],
    [
      'desktop',
      'Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36',
    ],
    ['mobile', iphone],
    [
      'tablet',
      'Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ' +
        'Version/12.1 Mobile/15E148 Safari/604.1',
    ],
    [
      'tv',
      'Mozilla/5.0 (SMART-TV; Linux; Tizen 5.0) AppleWebKit/537.36 (KHTML, like Gecko) ' +
        'SamsungBrowser/2.2 Chrome/63.0.3239.84 TV Safari/537.36',
    ],
  ])('is one of a few kinds: %s', (device, text) => {
    expect(readDevice(text)).toMatchObject({ device })
  })

  test('never throws, whatever the text', () => {
    for (const text of ['Yahoo', 'yahooYAHOO', ' ', '/', '(', '\\']) {
      expect(readDevice(text)).toMatchObject({ device: null, os: null })
    }
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[A-Za-z/ .();0-9]{0,60}$/)), (text) => {
        expect(Object.keys(readDevice(text))).toEqual(['device', 'browser', 'os'])
      }),
    )
  })
})

test.each([
  ['Outlook app', ['Outlook-iOS/711', 'Outlook-Android/2.0']],
  ['Outlook', ['Microsoft Outlook 16.0', 'MSOffice 16', 'ms-office', 'MacOutlook/16']],
  [
    'Yahoo Mail app',
    [
      'YahooMobileMail/1',
      'jp.co.yahoo.ymail/1',
      'Yahoo%20Mail/1',
      'Yahoo Mail/1',
      'Yahoo! Mail/1',
      'Yahoo!Mail/1',
    ],
  ],
  ['Gmail app', ['Gmail/6', 'GmailApp/6']],
  ['Google app', ['GSA/300']],
  ['Samsung Email', ['SamsungEmail/6', 'Samsung Email/6']],
  ['Thunderbird', ['Thunderbird/115', 'Betterbird/115', 'Icedove/3']],
  ['Mailspring', ['Mailspring/1']],
  ['Mailbird', ['Mailbird/2']],
  ['eM Client', ['eMClient/9', 'eM Client/9', 'e M Client/9']],
  ['BlueMail', ['BlueMail/1']],
  ['Spark', ['SparkDesktop', 'Spark Desktop', 'SparkMail', 'Spark Mail']],
  ['Superhuman', ['Superhuman/1']],
  ['Airmail', ['Airmail 5', 'Airmail/5']],
  ['Postbox', ['Postbox 7', 'Postbox/7']],
  ['Foxmail', ['Foxmail/7']],
  ['Mail Master', ['MailMaster/4', 'MailMasterPC/4']],
  ['Naver Mail app', ['NaverMailApp/1']],
  ['Notes', ['Lotus Notes/8', 'Lotus-Notes/6', 'IBM Notes', 'HCL-Notes/12']],
  ['The Bat!', ['The Bat! 9']],
  ['Messenger app', ['[FBAN/MessengerForiOS]', '[FB_IAB/Orca-Android]']],
  ['Instagram app', ['Instagram 300.0']],
  ['Facebook app', ['[FBAN/FBIOS]', '[FBAV/300]', 'FB_IAB/FB4A', 'MetaIAB Facebook']],
  ['LinkedIn app', ['[LinkedInApp]']],
  ['Pinterest app', ['[Pinterest/iOS]']],
  ['X app', ['Twitter for iPhone', 'Twitter for iPad', 'TwitterAndroid']],
  ['Snapchat app', ['Snapchat/12']],
  ['TikTok app', ['musical_ly_2022', 'BytedanceWebview/d8', 'trill_30']],
  ['WeChat', ['MicroMessenger/8']],
  ['Slack', ['Slack/4', 'Slack_SSB/4']],
  [
    'Microsoft Teams',
    ['Teams/1', 'TeamsMobile/1', 'TeamsMobile-iOS/1', 'TeamsMobile-Android/1', 'Teams-iOS/1'],
  ],
  ['Flipboard', ['Flipboard/4', 'Flipboard-Briefing/4']],
  ['DuckDuckGo', ['DuckDuckGo/7']],
])('%s is recognised by %o', (name, texts) => {
  for (const text of texts) {
    expect([text, inAppBrowser(`Mozilla/5.0 (x) ${text}`)]).toEqual([text, name])
    expect(readDevice(`Mozilla/5.0 (X11; Linux x86_64) ${text}`).browser).toBe(name)
  }
})

test.each([
  'Barracuda',
  'Mimecast',
  'Proofpoint',
  'URLDefense',
  'URL Defense',
  'Safe Links',
  'SafeLinks',
  'MessageLabs',
  'FireEye',
  'Trellix',
  'IronPort',
  'Cisco Secure Email',
  'CiscoSecureEmail',
  'FortiMail',
  'FortiSandbox',
  'HornetSecurity',
  'SpamExperts',
  'SpamTitan',
  'Avanan',
  'Cloudmark',
  'Vade Secure',
  'VadeSecure',
  'MailGuard',
  'MailControl',
  'Cyren',
  'Ironscales',
  'Perception Point',
  'PerceptionPoint',
  'TMES',
  'gmail-content-sampling',
])('%s is a mail gateway', (name) => {
  expect(readUserAgent(`Mozilla/5.0 (X11; Linux x86_64) Firefox/144.0 ${name}/1`)).toBe('mail_gateway')
})

test.each([
  ['Microsoft Exchange/15', 'self_declared'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0 Microsoft Exchange/15', null],
  ['eMClient/9', null],
  ['Googlebot/2.1 eMClient/9', 'self_declared'],
])('%s is %s', (text, finding) => expect(readUserAgent(text)).toBe(finding))

test('separate browsers are in no app', () => {
  for (const text of [iphone, 'Mozilla/5.0', 'myGmail/6', 'Instagrams', 'Twitter'])
    expect(inAppBrowser(text)).toBeUndefined()
})

describe('the device in a user agent', () => {
  test.each([
    [undefined, 'no_user_agent'],
    [null, 'no_user_agent'],
    ['', 'no_user_agent'],
    ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 'self_declared'],
    ['curl/8.5.0', 'self_declared'],
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/117.0.0.0 Safari/537.36 GTmetrix',
      'self_declared',
    ],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) Mimecast', 'mail_gateway'],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_6) AppleWebKit/537.36 (KHTML, like Gecko) ' +
        'Chrome/49.0.2623.112 Safari/537.36',
      'stale_user_agent',
    ],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_6) AppleWebKit/537.36 (KHTML, like Gecko) ' +
        'Chrome/50.0.2661.102 Safari/537.36',
      null,
    ],
    ['Mozilla/5.0 (Windows NT 6.1; rv:45.0) Gecko/20100101 Firefox/45.0', 'stale_user_agent'],
    ['Mozilla/5.0 (Windows NT 6.1; rv:46.0) Gecko/20100101 Firefox/46.0', null],
    ['Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0)', 'stale_user_agent'],
    ['Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)', null],
    [
      'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/52.0.2743.116 ' +
        'Safari/537.36 Edge/13.10586',
      'stale_user_agent',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) ' +
        'Chrome/79.0.3945.136 Safari/537.36',
      'stale_user_agent',
    ],
    [
      'Mozilla/5.0 (Linux; Android 4.4.2; GT-I9505 Build/KOT49H) AppleWebKit/537.36 (KHTML, like Gecko) ' +
        'Chrome/33.0.1750.166 Mobile Safari/537.36',
      null,
    ],
    [
      'Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.1; Trident/7.0; Microsoft Outlook 14.0.7113; ' +
        'ms-office; MSOffice 14)',
      null,
    ],
    [iphone, null],
  ])('%s: %s', (userAgent, finding) => {
    const read = createUserAgentReader()
    expect([readUserAgent(userAgent), read(userAgent), read(userAgent)]).toEqual([finding, finding, finding])
  })
})

test('only the beginning of a very long user agent is read', () => {
  const read = createUserAgentReader()
  const endless = (text: string) => `${iphone} ${text.padStart(20_000)}`
  expect([
    read(endless('curl/8.5.0')),
    read(`curl/8.5.0 ${endless('')}`),
    read(endless('curl/8.5.0')),
  ]).toEqual([null, 'self_declared', null])
})

describe('the class of a referrer', () => {
  test.each([
    [null, 'none', 'none'],
    ['none', 'none', 'none'],
    ['mail.google.com', 'webmail', 'Gmail'],
    ['gmail_app', 'webmail', 'Gmail'],
    ['eur03.safelinks.protection.outlook.com', 'webmail', 'Outlook'],
    ['us-mg5.mail.yahoo.com', 'webmail', 'Yahoo Mail'],
    ['www.google.com', 'search', 'Google'],
    ['www.google.co.uk', 'search', 'Google'],
    ['google.de', 'search', 'Google'],
    ['www.bing.com', 'search', 'Bing'],
    ['www.bing.de', 'search', 'Bing'],
    ['facebook.google.de', 'search', 'Google'],
    ['l.facebook.com', 'social', 'Facebook'],
    ['t.co', 'social', 'X'],
    ['amazon.com', 'other', 'amazon.com'],
    ['yahoo.com', 'other', 'yahoo.com'],
    ['notgoogle.com', 'other', 'notgoogle.com'],
    ['mail.example', 'other', 'mail.example'],
    ['(other)', 'other', '(other)'],
    ['com', 'other', 'com'],
    ['notgoogle.de', 'other', 'notgoogle.de'],
    ['google.dexter', 'other', 'google.dexter'],
  ])('%s: %s, %s', (host, kind, name) => expect(classifyReferrer(host)).toEqual({ class: kind, name }))
})

test('clicks by host add up to clicks by class, and classes without clicks are left out', () => {
  const share = (value: string, clicks: number, human_clicks: number) => ({ value, clicks, human_clicks })
  expect(
    byReferrerClass([
      share('none', 9, 7),
      share('mail.google.com', 5, 4),
      share('outlook.live.com', 3, 3),
      share('(other)', 2, 1),
      share('blog.example', 1, 1),
    ]),
  ).toEqual([share('webmail', 8, 7), share('other', 3, 2), share('none', 9, 7)])
})
